import type { AppName, Clock } from '@pier/shared/core';
import type { Pins } from '@pier/shared/wire';
import type { HeldLine } from '../guest.ts';
import type { AppLine, LineReader } from './line-reader.ts';

const everyMs = 100;
/** Without a change a snapshot is still sent this often, so that a new watcher sees something. */
const idleMs = 1_000;
const linesMax = 256;

type PinLines = Pins['lines'];
export type PinsDeps = { readonly clock: Clock; readonly reader: LineReader; readonly lines: () => readonly AppLine[]; readonly send: (lines: PinLines) => void };

/** Shows levels and edges of the lines in use, at most 10 times a second, and only while somebody looks. */
export class PinWatch implements Disposable {
  readonly #deps: PinsDeps;
  /** For outputs, whose edges no watch counts: changes between looks. */
  readonly #seen = new WeakMap<HeldLine, { level: 0 | 1; changes: number }>();
  #untilMs = 0;
  #timer: Disposable | undefined;
  #lastSent = '';
  #lastSentMs = 0;

  constructor(deps: PinsDeps) {
    this.#deps = deps;
  }

  /** Somebody looks for so many seconds more. */
  lease(forS: number): void {
    const { clock } = this.#deps;
    this.#untilMs = clock.monotonicMs() + forS * 1_000;
    this.#lastSentMs = 0;
    this.#timer ??= clock.every(everyMs, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #look(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs > this.#untilMs) return this[Symbol.dispose]();
    const lines = this.#deps.lines().slice(0, linesMax).flatMap(({ app, held }) => this.#read(app, held));
    const text = JSON.stringify(lines);
    if (text === this.#lastSent && nowMs - this.#lastSentMs < idleMs) return;
    this.#lastSent = text;
    this.#lastSentMs = nowMs;
    this.#deps.send(lines);
  }

  #read(app: AppName, held: HeldLine): PinLines {
    try {
      const level = this.#deps.reader.read(held);
      const seen = this.#seen.get(held) ?? { level, changes: 0 };
      this.#seen.set(held, { level, changes: seen.changes + (seen.level === level ? 0 : 1) });
      const edges = held.line.direction === 'in' ? held.edges : (this.#seen.get(held)?.changes ?? 0);
      return [{ ...held.line.at, name: held.name, app, label: held.label, direction: held.line.direction, level, edges }];
    } catch {
      // A line that cannot be read just now (its board is going away) is left out of this look.
      return [];
    }
  }
}
