import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Random, type Verdict, accept, refuse, toFault } from '@pier/shared/core';
import type { BoardFile, BoardProfile, SimOrder, WiredPart } from '@pier/shared/hardware';
import type { SerialPart } from './behaviour.ts';
import { loadPty } from './pty.ts';
import { SimSerialPort } from './serial-port.ts';

type Order<K extends SimOrder['op']> = Extract<SimOrder, { op: K }>;

/** The serial ports of a board; with none of them, nothing is loaded and no folder made. */
export class SerialBank implements Disposable {
  readonly #parts: BoardFile['parts'];
  readonly #ports: ReadonlyMap<string, SimSerialPort>;

  private constructor(parts: BoardFile['parts'], ports: ReadonlyMap<string, SimSerialPort>) {
    this.#parts = parts;
    this.#ports = ports;
  }

  /** Plugs in every serial part. `dir` is for the links to their terminals. Faults: `platform-unsupported`. */
  static async open({ parts, dir, clock, random }: { parts: BoardFile['parts']; dir: string; clock: Clock; random: Random }): Promise<SerialBank> {
    const serial = serialParts(parts);
    // What a killed board left would lead to somebody else's terminals.
    rmSync(dir, { recursive: true, force: true });
    if (serial.length === 0) return new SerialBank(parts, new Map());
    mkdirSync(dir, { mode: 0o700 });
    const openPty = await loadPty();
    using stack = new DisposableStack();
    const ports = new Map(serial.map((part) => [part.port, stack.use(new SimSerialPort({ part, path: join(dir, part.port), openPty, clock, random }))]));
    for (const port of ports.values()) port.plug();
    stack.move();
    return new SerialBank(parts, ports);
  }

  plug({ port }: Order<'plug'>): Verdict<object> {
    return this.#at(port, (found) => found.plug());
  }

  unplug({ port }: Order<'unplug'>): Verdict<object> {
    return this.#at(port, (found) => found.unplug());
  }

  serialFault({ port, fault, count }: Order<'serialFault'>): Verdict<object> {
    return this.#at(port, (found) => found.setFault(fault, count));
  }

  part({ name, values }: Order<'part'>): Verdict<object> {
    const part = this.#parts.find((one) => one.name === name);
    if (!part) return refuse('not-found', `this board has no part "${name}"; it has ${this.#parts.map((one) => one.name).join(', ') || 'none'}`);
    if (!('port' in part)) return refuse('input-invalid', `"${name}" is a ${part.part}, which has no values to set`);
    return this.#at(part.port, (found) => found.set(values));
  }

  /** Every part of the board, also those on its lines. */
  parts(): Verdict<object> {
    return accept({ parts: this.#parts.map((part) => this.#wired(part)) });
  }

  #wired(part: BoardFile['parts'][number]): WiredPart {
    const { name, part: kind } = part;
    return 'port' in part ? { name, kind, line: null, port: part.port, values: this.#ports.get(part.port)?.state().values ?? {} } : { name, kind, line: part.line, port: null, values: {} };
  }

  ports(): Verdict<object> {
    return accept({ ports: [...this.#ports.values()].map((port) => port.state()) });
  }

  [Symbol.dispose](): void {
    for (const port of this.#ports.values()) port[Symbol.dispose]();
  }

  #at(name: string, act: (port: SimSerialPort) => void): Verdict<object> {
    const port = this.#ports.get(name);
    if (!port) return refuse('not-found', `this board has no port "${name}"; it has ${[...this.#ports.keys()].join(', ') || 'none'}`);
    try {
      act(port);
      return accept({});
    } catch (thrown) {
      const { code, message } = toFault(thrown);
      return refuse(code, message);
    }
  }
}

function serialParts(parts: BoardFile['parts']): readonly SerialPart[] {
  return parts.flatMap((part) => ('port' in part ? [part] : []));
}

/** The ports of a board file as its profile names them, with their links in `dir`. */
export function profilePorts(parts: BoardFile['parts'], dir: string): BoardProfile['serial'] {
  return serialParts(parts).map(({ port }) => ({ path: join(dir, port), name: port }));
}
