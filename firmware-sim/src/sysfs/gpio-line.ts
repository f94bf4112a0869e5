import type { Clock, Verdict } from '@pier/shared/core';
import type { Level } from '@pier/shared/hardware';
import type { Change, SimPin } from '../board/index.ts';
import type { LiveBoard, Owner } from '../server/index.ts';
import { Errno, type FileNode, type FolderNode, type Node } from './node.ts';

const edgeKinds = ['none', 'rising', 'falling', 'both'] as const;
/** What may be written to `direction`; an output starts low unless told otherwise (kernel, Documentation/admin-guide/gpio/sysfs). */
const directions: Readonly<Record<string, Level | 'input'>> = { in: 'input', out: 0, low: 0, high: 1 };

export type Held = { readonly live: LiveBoard; readonly owner: Owner; readonly clock: Clock; readonly handle: number; readonly pin: SimPin; readonly slowOpens: number };

/** One exported line: its four files, with the answers that the kernel gives. Once unexported, what is still open of it answers ENODEV. */
export class GpioLine {
  readonly folder: FolderNode;
  readonly value: FileNode;
  readonly #held: Held;
  #edge: (typeof edgeKinds)[number] = 'none';
  #isActiveLow = false;
  #events = 0;
  #isExported = true;
  #slowOpens: number;

  constructor(held: Held) {
    this.#held = held;
    this.#slowOpens = held.slowOpens;
    this.value = this.#file({ read: () => String(this.#logical(held.pin.level)), write: (text) => this.#setValue(text), events: () => this.#events });
    const entries = new Map<string, Node>([
      ['active_low', this.#file({ read: () => (this.#isActiveLow ? '1' : '0'), write: (text) => void (this.#isActiveLow = numberOf(text) !== 0) })],
      ['direction', this.#file({ read: () => held.pin.direction, write: (text) => this.#setDirection(text) })],
      ['edge', this.#file({ read: () => this.#edge, write: (text) => this.#setEdge(text) })],
      ['value', this.value],
    ]);
    this.folder = { kind: 'folder', mode: 0o755, entries: () => entries };
  }

  /** Takes a change of its pin; true when it is an event for those who poll `value`. */
  feed({ moved, level }: Change): boolean {
    const isAsked = this.#edge === 'both' || this.#edge === (this.#logical(level) === 1 ? 'rising' : 'falling');
    if (!moved || !isAsked) return false;
    this.#events += 1;
    return true;
  }

  unexport(): void {
    this.#isExported = false;
    this.#held.live.close(this.#held, this.#held.owner);
  }

  #logical(level: Level): Level {
    return this.#isActiveLow ? (level === 1 ? 0 : 1) : level;
  }

  #file({ read, write, events }: { read: () => string; write: (text: string) => void; events?: () => number }): FileNode {
    const live = <T>(value: T): T => {
      if (!this.#isExported) throw new Errno('ENODEV');
      return value;
    };
    return {
      kind: 'file',
      mode: 0o644,
      open: () => {
        // Rights come late, as where udev hands each new line to a group.
        if (this.#slowOpens > 0) {
          this.#slowOpens -= 1;
          throw new Errno('EACCES');
        }
      },
      read: () => `${live(read())}\n`,
      write: (text) => live(write)(text),
      ...(events && { events }),
    };
  }

  #setValue(text: string): void {
    const { live, clock, handle, pin } = this.#held;
    if (pin.direction !== 'out') throw new Errno('EPERM');
    const level = this.#logical(numberOf(text) === 0 ? 0 : 1);
    live.write([{ handle, level, tNs: clock.monotonicNs() }]);
  }

  #setDirection(text: string): void {
    const to = directions[text.trim()];
    if (to === undefined) throw new Errno('EINVAL');
    // A line that raises interrupts is not turned into an output under them.
    if (to !== 'input' && this.#edge !== 'none') throw new Errno('EIO');
    obeyed(this.#held.live.set({ handle: this.#held.handle, to }, this.#held.owner));
  }

  #setEdge(text: string): void {
    const edge = edgeKinds.find((kind) => kind === text.trim());
    if (edge === undefined) throw new Errno('EINVAL');
    if (edge !== 'none' && this.#held.pin.direction === 'out') throw new Errno('EIO');
    this.#edge = edge;
  }
}

function obeyed(verdict: Verdict<object>): void {
  if (!verdict.ok) throw new Errno('EIO');
}

/** As the kernel reads numbers: decimal, octal after 0, hexadecimal after 0x, and one line's end. */
export function numberOf(text: string): number {
  const [, sign, digits] = /^([+-]?)(0x[\da-f]+|\d+)\n?$/i.exec(text) ?? [];
  if (digits === undefined) throw new Errno('EINVAL');
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return sign === '-' ? -value : value;
}
