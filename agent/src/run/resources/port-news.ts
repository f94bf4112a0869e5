import type { Clock, Fault, FaultCode } from '@pier/shared/core';

/** Each of "gone" and "back" is told at most once in so long for a port: a loose plug must not bury what else happens. */
const quietMs = 60_000;
const portsMax = 64;

type Side = 'gone' | 'back';
type News = { readonly code?: FaultCode; readonly reason: string };
type Port = { told: Side; now: Side; news: News; changes: number; readonly lastMs: Record<Side, number>; timer: Disposable | undefined };

export type PortNewsDeps = { readonly clock: Clock; readonly tell: (type: `port.${Side}`, news: News) => void };

/** Tells people of ports that come and go. What was kept back is counted; what is so still after the pause is told then. */
export class PortNews implements Disposable {
  readonly #deps: PortNewsDeps;
  readonly #ports = new Map<string, Port>();

  constructor(deps: PortNewsDeps) {
    this.#deps = deps;
  }

  gone(path: string, { code, message }: Pick<Fault, 'code' | 'message'>): void {
    this.#change(path, 'gone', { code, reason: `the serial port ${path} is not there: ${message}` });
  }

  back(path: string): void {
    this.#change(path, 'back', { reason: `the serial port ${path} is there` });
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#ports.values()) timer?.[Symbol.dispose]();
    this.#ports.clear();
  }

  #change(path: string, now: Side, news: News): void {
    const port = this.#portOf(path);
    // A guest that starts again without its port, or with it, is no change.
    if (port.now === now) return;
    port.now = now;
    port.news = news;
    port.changes += 1;
    this.#consider(port);
  }

  #consider(port: Port): void {
    const { clock, tell } = this.#deps;
    port.timer?.[Symbol.dispose]();
    port.timer = undefined;
    if (port.now === port.told) return;
    const waitMs = port.lastMs[port.now] + quietMs - clock.monotonicMs();
    if (waitMs > 0) {
      port.timer = clock.after(waitMs, () => this.#consider(port));
      return;
    }
    const untold = port.changes - 1;
    port.told = port.now;
    port.changes = 0;
    port.lastMs[port.now] = clock.monotonicMs();
    tell(`port.${port.now}`, untold > 0 ? { ...port.news, reason: `${port.news.reason} (${untold} more changes were not told)` } : port.news);
  }

  #portOf(path: string): Port {
    const known = this.#ports.get(path);
    if (known) return known;
    if (this.#ports.size >= portsMax) this[Symbol.dispose]();
    const port: Port = { told: 'back', now: 'back', news: { reason: '' }, changes: 0, lastMs: { gone: Number.NEGATIVE_INFINITY, back: Number.NEGATIVE_INFINITY }, timer: undefined };
    this.#ports.set(path, port);
    return port;
  }
}
