import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { type Clock, Fault, type Random } from '@pier/shared/core';
import type { SerialFault, SimPort } from '@pier/shared/hardware';
import { type Behaviour, type Counters, type SerialPart, behaviourOf } from './behaviour.ts';
import { resample } from './line.ts';
import { Pacer } from './pacer.ts';
import type { OpenPty, Pty } from './pty.ts';
import { spoil } from './spoil.ts';

/** A serial port of the board: a stable path, a pseudo-terminal behind it while it is plugged in, and a part that answers. */
export class SimSerialPort implements Disposable {
  readonly #part: SerialPart;
  readonly #path: string;
  readonly #openPty: OpenPty;
  readonly #random: Random;
  readonly #behaviour: Behaviour;
  readonly #pacer: Pacer;
  readonly #counters: Counters = { bytesIn: 0, bytesOut: 0, frames: 0, crcErrors: 0, answers: 0 };
  #pty: Pty | undefined;
  #lastDevice: string | undefined;
  #fault: SerialFault = 'none';
  #faultsLeft: number | undefined;

  constructor({ part, path, openPty, clock, random }: { part: SerialPart; path: string; openPty: OpenPty; clock: Clock; random: Random }) {
    this.#part = part;
    this.#path = path;
    this.#openPty = openPty;
    this.#random = random;
    this.#behaviour = behaviourOf(part, { clock, counters: this.#counters, answer: (bytes) => this.#answer(bytes) });
    this.#pacer = new Pacer({ clock, baud: () => this.#partBaud(), write: (bytes) => this.#write(bytes) });
  }

  /** Faults: `conflict` when it is plugged in already, `platform-unsupported` where no terminal can be made. */
  plug(): void {
    if (this.#pty) throw new Fault('conflict', `port "${this.#part.port}" is plugged in already`);
    const onBytes = (bytes: Uint8Array): void => this.#hear(bytes);
    let pty = this.#openPty(onBytes);
    if (pty.device === this.#lastDevice) {
      // The kernel gives the lowest free number; a plug that comes back under its old one would hide who remembers it.
      using _ = pty;
      pty = this.#openPty(onBytes);
    }
    this.#pty = pty;
    this.#lastDevice = pty.device;
    symlinkSync(pty.device, `${this.#path}.new`);
    renameSync(`${this.#path}.new`, this.#path);
  }

  /** Faults: `conflict` when it is not plugged in. */
  unplug(): void {
    if (!this.#pty) throw new Fault('conflict', `port "${this.#part.port}" is not plugged in`);
    this[Symbol.dispose]();
  }

  setFault(fault: SerialFault, count: number | undefined): void {
    this.#fault = fault;
    this.#faultsLeft = fault === 'none' ? undefined : count;
  }

  /** Faults: `input-invalid`. */
  set(values: Readonly<Record<string, number>>): void {
    this.#behaviour.set(values);
  }

  state(): SimPort {
    return {
      port: this.#part.port,
      path: this.#path,
      device: this.#pty?.device ?? null,
      part: this.#part.name,
      kind: this.#part.part,
      baud: this.#pty?.baud() ?? null,
      fault: this.#fault,
      faultsLeft: this.#faultsLeft ?? null,
      ...this.#counters,
      bytesLost: this.#pacer.lost,
      values: this.#behaviour.values(),
    };
  }

  [Symbol.dispose](): void {
    this.#pacer[Symbol.dispose]();
    this.#behaviour.reset();
    rmSync(this.#path, { force: true });
    this.#pty?.[Symbol.dispose]();
    this.#pty = undefined;
  }

  #hear(bytes: Uint8Array): void {
    if (!this.#pty) return;
    this.#counters.bytesIn += bytes.byteLength;
    this.#behaviour.hear(resample(bytes, { from: this.#pty.baud(), to: this.#partBaud() }));
  }

  /** The part's own speed, or for one that has none that of whoever talks to it. */
  #partBaud(): number {
    return this.#behaviour.baud ?? this.#pty?.baud() ?? 9_600;
  }

  #answer(answer: Uint8Array): void {
    const fault = this.#fault;
    if (this.#faultsLeft !== undefined && (this.#faultsLeft -= 1) <= 0) this.setFault('none', undefined);
    const { bytes, delayMs } = spoil(answer, fault, this.#random);
    if (bytes.byteLength === 0) return;
    this.#counters.answers += 1;
    this.#pacer.push(bytes, delayMs);
  }

  #write(bytes: Uint8Array): number {
    if (!this.#pty) return 0;
    const heard = resample(bytes, { from: this.#partBaud(), to: this.#pty.baud() });
    const taken = this.#pty.write(heard);
    this.#counters.bytesOut += taken;
    return taken === heard.byteLength ? bytes.byteLength : Math.min(taken, bytes.byteLength);
  }
}
