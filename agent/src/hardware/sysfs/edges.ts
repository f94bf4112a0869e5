import type { Gpio } from 'onoff';
import type { Clock } from '@pier/shared/core';
import { type Edge, type Level, type WatchRequest, lostUnknown } from '@pier/shared/hardware';

export type Watch = { readonly gpio: Gpio; readonly request: WatchRequest; readonly clock: Clock; readonly onEdge: (edge: Edge) => void };

/**
 * The edges of one line, as far as sysfs tells them. An interrupt only says that something happened; the level is read when
 * the loop gets to it. So a pulse shorter than that is told as one edge with the level after it, several edges as one, and
 * no event can say how many were lost before it. The time is that of the reading.
 *
 * A debounce is a rest of the line as this thread sees it, not the kernel's own: both edges are asked for, and a level is
 * told once it has stayed.
 */
export function watchEdges({ gpio, request: { edges, debounceUs }, clock, onEdge }: Watch): Disposable {
  let seq = 0;
  let timer: Disposable | undefined;
  const tell = (level: Level): void => {
    seq += 1;
    onEdge({ tNs: clock.monotonicNs(), seq, lost: lostUnknown, level });
  };
  gpio.setEdge(debounceUs > 0 ? 'both' : edges);
  // Reading takes what came before; only what comes now is told.
  let settled = gpio.readSync();
  const settle = (): void => {
    const level = gpio.readSync();
    if (level === settled) return;
    settled = level;
    if (edges === 'both' || (edges === 'rising') === (level === 1)) tell(level);
  };
  const listener = (_: unknown, level: Level): void => {
    if (debounceUs === 0) return tell(level);
    timer?.[Symbol.dispose]();
    timer = clock.after(Math.ceil(debounceUs / 1_000), settle);
    return undefined;
  };
  gpio.watch(listener);
  return {
    [Symbol.dispose]: () => {
      timer?.[Symbol.dispose]();
      gpio.unwatch(listener);
    },
  };
}
