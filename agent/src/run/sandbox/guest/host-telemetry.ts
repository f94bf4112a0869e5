import { Bucket } from '../bucket.ts';
import type { TelemetrySample } from '../runner.ts';
import type { ThreadMessage, ThreadSeries } from '../thread.ts';
import { Handles } from './handles.ts';
import { HostFailure } from './host-app.ts';
import type { GuestMemory } from './memory.ts';

const burst = 10;
const samplesMax = 512;
const messageGapNs = 100_000_000n;

type Series = { readonly label: string; readonly maxPerS: number; readonly rate: Bucket; handle: number | undefined };

export type TelemetryDeps = {
  readonly memory: GuestMemory;
  readonly series: readonly ThreadSeries[];
  readonly monotonicNs: () => bigint;
  readonly send: (message: ThreadMessage) => void;
};

/** `pier_telemetry`: numbers of granted series, gathered so that they cost at most ten messages a second however many there are. */
export class Telemetry {
  readonly #deps: TelemetryDeps;
  readonly #series: ReadonlyMap<string, Series>;
  readonly #handles = new Handles<Series>('handle');
  #samples: TelemetrySample[] = [];
  #dropped = 0;
  /** When the first of what is gathered came. */
  #sinceNs = 0n;
  #sentNs: bigint;

  constructor(deps: TelemetryDeps) {
    this.#deps = deps;
    this.#sentNs = deps.monotonicNs() - messageGapNs;
    this.#series = new Map(deps.series.map(({ label, maxPerS }) => [label, { label, maxPerS, rate: new Bucket(maxPerS, deps.monotonicNs, burst), handle: undefined }]));
  }

  /** A series that is open already keeps its handle. */
  open(pointer: number, length: number): number {
    const label = this.#deps.memory.label(pointer, length);
    const series = label === undefined ? undefined : this.#series.get(label);
    if (!series) throw new HostFailure('undefined-label', label === undefined ? `a label of ${length >>> 0} bytes is none` : `"${label}" is not among the granted series`);
    series.handle ??= this.#handles.add(series);
    return series.handle;
  }

  record(handle: number, value: number): number {
    const series = this.#handles.get(handle);
    if (!Number.isFinite(value)) throw new HostFailure('bad-argument', `"${series.label}" cannot be ${value}`);
    const tNs = this.#deps.monotonicNs();
    if (this.#samples.length === 0 && this.#dropped === 0) this.#sinceNs = tNs;
    const isTaken = this.#samples.length < samplesMax && series.rate.take(1) === 1;
    if (isTaken) this.#samples.push({ series: series.label, value, tNs });
    else this.#dropped += 1;
    // A guest that never sleeps is heard all the same.
    if (tNs - this.#sinceNs >= messageGapNs) this.end();
    if (!isTaken) throw new HostFailure('rate-limited', `"${series.label}" may be recorded ${series.maxPerS} times a second`);
    return 0;
  }

  /** Before the guest sleeps: sends what was gathered, or says in how many milliseconds it may be sent. */
  rest(): number {
    if (this.#samples.length === 0 && this.#dropped === 0) return Infinity;
    const leftNs = this.#sentNs + messageGapNs - this.#deps.monotonicNs();
    if (leftNs > 0n) return Number(leftNs) / 1e6 + 1;
    this.end();
    return Infinity;
  }

  /** Sends what was gathered, now. */
  end(): void {
    if (this.#samples.length === 0 && this.#dropped === 0) return;
    this.#deps.send({ kind: 'telemetry', samples: this.#samples, dropped: this.#dropped });
    this.#samples = [];
    this.#dropped = 0;
    this.#sentNs = this.#deps.monotonicNs();
  }
}

export function telemetryFunctions(telemetry: Telemetry) {
  return {
    open: (pointer: number, length: number) => telemetry.open(pointer, length),
    record: (handle: number, value: number) => telemetry.record(handle, value),
  };
}
