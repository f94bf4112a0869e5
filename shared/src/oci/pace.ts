/**
 * The attack this stops: a registry that gives one byte now and then, so that a device is busy for hours with what it never
 * gets whole. Only the time spent waiting for bytes counts, not that of whoever writes them to a slow card.
 */
import { type Clock, Fault } from '../core/index.ts';

export type Pace = {
  /** Silence that ends the answer. */
  readonly idleMs: number;
  /** Over each so much of waiting, at least so many bytes. */
  readonly windowMs: number;
  readonly windowBytesMin: number;
};

/** A GPRS modem gives four times as much. */
export const slowestPace: Pace = { idleMs: 30_000, windowMs: 60_000, windowBytesMin: 60 << 10 };

/** Gives on what comes, while it comes fast enough. Faults: `timed-out`. */
export async function* paced(source: AsyncIterable<Uint8Array>, { pace, clock, who }: { pace: Pace; clock: Clock; who: string }): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const now = { waitedMs: 0, seenBytes: 0 };
  try {
    for (;;) {
      const fromMs = clock.monotonicMs();
      const next = await before(chunks.next(), { pace, clock, who });
      if (next.done === true) return;
      now.waitedMs += clock.monotonicMs() - fromMs;
      now.seenBytes += next.value.byteLength;
      if (now.waitedMs >= pace.windowMs) {
        if (now.seenBytes < pace.windowBytesMin) throw new Fault('timed-out', `registry ${who} gave ${now.seenBytes} bytes in ${Math.round(now.waitedMs / 1_000)} s; at least ${pace.windowBytesMin} were expected`);
        Object.assign(now, { waitedMs: 0, seenBytes: 0 });
      }
      yield next.value;
    }
  } finally {
    // Not awaited: a source that is silent answers this only when it speaks again.
    void chunks.return?.().catch(() => {
      // It is being thrown away.
    });
  }
}

async function before<T>(awaited: Promise<T>, { pace, clock, who }: { pace: Pace; clock: Clock; who: string }): Promise<T> {
  const silence = Promise.withResolvers<never>();
  using _timer = clock.after(pace.idleMs, () => silence.reject(new Fault('timed-out', `registry ${who} fell silent for ${pace.idleMs / 1_000} s in the middle of its answer`)));
  return await Promise.race([awaited, silence.promise]);
}
