import { type AppName, type Clock, type DeviceId, Fault, isoTime } from '@pier/shared/core';
import { type LogBatch, type Order, compareOrder } from '@pier/shared/wire';
import type { LogView } from '@pier/shared/api';
import type { Streamed } from '../device/index.ts';

const ringsMax = 500;
const linesMax = 1_000;
const ringBytesMax = 256 << 10;
/** Time, place and stream beside the text. */
const overheadBytes = 64;

/** Its place among what the app ever wrote: `seq` is the line's own number. */
type Place = Order;
type Line = { readonly arrival: number; readonly place: Place; readonly key: string; readonly atMs: number; readonly stream: 'stdout' | 'stderr'; readonly text: string; readonly sizeBytes: number };
type Ring = {
  /** Cursors of a ring that was let go of mean nothing to its successor. */
  readonly epoch: string;
  readonly lines: Line[];
  readonly keys: Set<string>;
  sizeBytes: number;
  arrivals: number;
  /** The highest place that was let go of: what is not above it is old. */
  floor?: Place;
  cut?: { readonly said: Order; readonly dropped: number };
};

/**
 * The last lines of the apps that somebody reads, in memory only: a bounded ring each, a line that comes twice kept once.
 * Only reading makes a ring, so that a device cannot push out what people look at; the one read longest ago gives way.
 */
export class LogRings {
  readonly #clock: Clock;
  readonly #rings = new Map<string, Ring>();
  readonly #counts = { evicted: 0, unasked: 0 };
  #made = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#rings.size;
  }

  /** Rings that gave way, and batches that nobody had asked for. */
  get counts(): Readonly<{ evicted: number; unasked: number }> {
    return { ...this.#counts };
  }

  take({ device, app, atMs, value }: Streamed<LogBatch>): void {
    const ring = this.#rings.get(`${device}/${app}`);
    if (!ring) {
      this.#counts.unasked += 1;
      return;
    }
    const { gen, boot } = value;
    for (const { n, agoMs, stream, text } of value.lines.toSorted((a, b) => a.n - b.n)) {
      const place = { gen, boot, seq: n };
      const key = `${gen}.${boot}.${n}`;
      if (ring.keys.has(key) || (ring.floor && compareOrder(place, ring.floor) <= 0)) continue;
      const sizeBytes = Buffer.byteLength(text) + overheadBytes;
      ring.lines.push({ arrival: (ring.arrivals += 1), place, key, atMs: Math.max(0, atMs - agoMs), stream, text, sizeBytes });
      ring.keys.add(key);
      ring.sizeBytes += sizeBytes;
      shorten(ring);
    }
    if (!ring.cut || compareOrder(value, ring.cut.said) > 0) ring.cut = { said: { gen, boot, seq: value.seq }, dropped: value.dropped };
  }

  /** The last lines or, after a cursor, the first of those that came since. Faults: `input-invalid` for a cursor that no answer gave. */
  read({ device, app, after, limit }: { device: DeviceId; app: AppName; after: string | undefined; limit: number }): LogView {
    const seen = after === undefined ? undefined : readCursor(after);
    const ring = this.#touch(`${device}/${app}`);
    const since = seen?.epoch === ring.epoch ? ring.lines.filter(({ arrival }) => arrival > seen.arrival).slice(0, limit) : undefined;
    const lines = since ?? inOrder(ring.lines).slice(-limit);
    const last = since ? (since.at(-1)?.arrival ?? seen?.arrival ?? 0) : ring.arrivals;
    return {
      lines: inOrder(lines).map(({ arrival, atMs, stream, text }) => ({ id: `${ring.epoch}.${arrival}`, at: isoTime(atMs), stream, text })),
      next: `${ring.epoch}.${last}`,
      dropped: ring.cut?.dropped ?? 0,
    };
  }

  /** The ring that is read now; of too many, the one read longest ago is let go of. */
  #touch(key: string): Ring {
    const ring = this.#rings.get(key) ?? { epoch: `${this.#clock.nowMs().toString(36)}-${(this.#made += 1).toString(36)}`, lines: [], keys: new Set(), sizeBytes: 0, arrivals: 0 };
    this.#rings.delete(key);
    this.#rings.set(key, ring);
    const [longest] = this.#rings.keys();
    if (this.#rings.size > ringsMax && longest !== undefined) {
      this.#rings.delete(longest);
      this.#counts.evicted += 1;
    }
    return ring;
  }
}

function shorten(ring: Ring): void {
  while (ring.lines.length > linesMax || ring.sizeBytes > ringBytesMax) {
    const first = ring.lines.shift();
    if (!first) return;
    ring.keys.delete(first.key);
    ring.sizeBytes -= first.sizeBytes;
    if (!ring.floor || compareOrder(first.place, ring.floor) > 0) ring.floor = first.place;
  }
}

/** As the app wrote them: a batch that was lost and sent again comes late. */
function inOrder(lines: readonly Line[]): Line[] {
  return lines.toSorted((a, b) => compareOrder(a.place, b.place));
}

function readCursor(text: string): { epoch: string; arrival: number } {
  const [, epoch, arrival] = /^([0-9a-z]{1,12}-[0-9a-z]{1,12})\.(\d{1,15})$/.exec(text) ?? [];
  if (epoch === undefined || arrival === undefined) throw new Fault('input-invalid', 'query: after: this is not the "next" of an earlier answer, nor the id of a line');
  return { epoch, arrival: Number(arrival) };
}
