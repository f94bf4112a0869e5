import type { Grant } from '@pier/shared/capability';
import type { Clock } from '@pier/shared/core';
import type { OutputLine, Sample, Trace } from '../../guest.ts';
import type { OutputStream } from '../sandbox/index.ts';
import { Keep } from './keep.ts';
import { type CutLine, LineCutter } from './line-cutter.ts';

const linesMax = { count: 200, weight: 64 << 10 };
const samplesMax = { count: 600 };
const lastLines = { count: 20, characters: 500 };

/** What one app has said lately, for whoever asks: its lines and its samples, over restarts of its guest. */
export class AppTrace implements Trace {
  readonly lines = new Keep<OutputLine>(linesMax, ({ text }) => Buffer.byteLength(text));
  readonly samples = new Keep<Sample>(samplesMax);
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #cutters = { stdout: new LineCutter(), stderr: new LineCutter() };
  #units: Readonly<Record<string, string>> = {};

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Unit of each series that the present guest may emit. */
  get units(): Readonly<Record<string, string>> {
    return this.#units;
  }

  /** A guest starts, with these rights. */
  begin(grant: Pick<Grant, 'telemetry'>): void {
    this.#cutters = { stdout: new LineCutter(), stderr: new LineCutter() };
    this.#units = Object.fromEntries(grant.telemetry.map(({ ask }) => [ask.label, ask.unit]));
  }

  /** `dropped` as in `GuestEvents.onOutput`. */
  output(stream: OutputStream, bytes: Uint8Array, dropped: number): void {
    this.lines.drop(dropped);
    this.#keep(stream, this.#cutters[stream].push(bytes));
  }

  /** Samples that are no numbers are counted as dropped: no message can hold them. */
  telemetry(samples: readonly Sample[], dropped: number): void {
    this.samples.drop(dropped);
    for (const { series, value, tNs } of samples) {
      if (Number.isFinite(value)) this.samples.push({ series, value, tNs });
      else this.samples.drop(1);
    }
  }

  /** The guest has ended: half lines are lines now. Its last words, newest last. */
  end(): readonly string[] {
    for (const stream of ['stdout', 'stderr'] as const) this.#keep(stream, this.#cutters[stream].end());
    return this.lines.after(this.lines.last - lastLines.count).map(({ text }) => text.slice(0, lastLines.characters).toWellFormed());
  }

  #keep(stream: OutputStream, cut: readonly CutLine[]): void {
    for (const { text, cutBytes } of cut) {
      this.lines.drop(cutBytes);
      this.lines.push({ atMs: this.#clock.monotonicMs(), stream, text });
    }
  }
}
