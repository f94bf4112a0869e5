import { type AppName, type Clock, Fault } from '@pier/shared/core';
import type { AppLease } from '@pier/shared/wire';
import type { Kept, OutputLine, Sample, Trace } from '../guest.ts';

const leasesMax = 64;
/** Below the largest payload with room for the order and the frame of the message. */
const batchBytesMax = 48 << 10;

/** How one kind of entry is sent: how often, how many at once, and how each looks on the wire. */
type Kind<T> = {
  readonly everyMs: number;
  readonly countMax: number;
  readonly of: (trace: Trace) => Kept<T>;
  readonly shown: (entry: T & { readonly n: number }, clock: Clock) => object;
  readonly body: (shown: readonly object[], trace: Trace, dropped: number) => object;
};

export const logKind: Kind<OutputLine> = {
  everyMs: 250,
  countMax: 200,
  of: (trace) => trace.lines,
  shown: ({ n, atMs, stream, text }, clock) => ({ n, agoMs: Math.max(0, Math.round(clock.monotonicMs() - atMs)), stream, text }),
  body: (lines, _trace, dropped) => ({ lines, dropped }),
};

export const telemetryKind: Kind<Sample> = {
  everyMs: 1_000,
  countMax: 500,
  of: (trace) => trace.samples,
  shown: ({ n, tNs, series, value }, clock) => ({ n, agoMs: Math.max(0, Number((clock.monotonicNs() - tNs) / 1_000_000n)), series, value }),
  body: (samples, { units }, dropped) => ({ samples, units, dropped }),
};

export type TailDeps = {
  readonly clock: Clock;
  /** Undefined for an app that this device does not have. */
  readonly trace: (app: AppName) => Trace | undefined;
  /** Undefined when nobody is connected; resolves when the message has left. */
  readonly send: (app: AppName, body: object) => Promise<void> | undefined;
};

/** `sentN`: number of the last entry that was sent. `lost`: entries that were gone before they could be. */
type Lease = { untilMs: number; sentN: number; lost: number; isSending: boolean };

/**
 * Sends what apps say, only while somebody reads: what is kept first, then what comes, in batches. A reader who asks again
 * before the lease is over keeps it, and gets nothing twice.
 */
export class Tails<T> implements Disposable {
  readonly #kind: Kind<T>;
  readonly #deps: TailDeps;
  readonly #leases = new Map<AppName, Lease>();
  #timer: Disposable | undefined;

  constructor(kind: Kind<T>, deps: TailDeps) {
    this.#kind = kind;
    this.#deps = deps;
  }

  /** Faults: `app-unknown`, `too-many-requests`. */
  lease({ app, for: forS }: AppLease): void {
    const { clock, trace } = this.#deps;
    const known = this.#leases.get(app);
    const untilMs = clock.monotonicMs() + forS * 1_000;
    if (known) {
      known.untilMs = untilMs;
      return;
    }
    const found = trace(app);
    if (!found) throw new Fault('app-unknown', `this device has no app "${app}"`);
    if (this.#leases.size >= leasesMax) throw new Fault('too-many-requests', `${leasesMax} apps are being read already`);
    const kept = this.#kind.of(found);
    this.#leases.set(app, { untilMs, sentN: (kept.after(0)[0]?.n ?? kept.last + 1) - 1, lost: 0, isSending: false });
    this.#timer ??= clock.every(this.#kind.everyMs, () => this.#look());
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#leases.clear();
  }

  #look(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [app, lease] of this.#leases) {
      const trace = this.#deps.trace(app);
      if (lease.untilMs <= nowMs || !trace) this.#leases.delete(app);
      else if (!lease.isSending) this.#send(app, lease, trace);
    }
    if (this.#leases.size === 0) this[Symbol.dispose]();
  }

  #send(app: AppName, lease: Lease, trace: Trace): void {
    const kept = this.#kind.of(trace);
    const waiting = kept.after(lease.sentN);
    const [first] = waiting;
    if (!first) return;
    const lost = lease.lost + first.n - lease.sentN - 1;
    const shown = this.#fitting(waiting);
    const sending = this.#deps.send(app, this.#kind.body(shown, trace, kept.dropped + lost));
    if (!sending) return;
    lease.lost = lost;
    lease.sentN = first.n + shown.length - 1;
    lease.isSending = true;
    // A slow link gets no second message before the first has left: what waits is kept, or counted as lost.
    void sending.finally(() => {
      lease.isSending = false;
    });
  }

  #fitting(entries: readonly (T & { readonly n: number })[]): object[] {
    const { countMax, shown } = this.#kind;
    return fitting(entries.slice(0, countMax).map((entry) => shown(entry, this.#deps.clock)), batchBytesMax);
  }
}

/** As many from the front as fit into so many bytes of JSON, but one at least. */
export function fitting<T extends object>(entries: readonly T[], bytesMax: number): T[] {
  let bytes = 0;
  const end = entries.findIndex((entry, index) => {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    return bytes > bytesMax && index > 0;
  });
  return end < 0 ? [...entries] : entries.slice(0, end);
}
