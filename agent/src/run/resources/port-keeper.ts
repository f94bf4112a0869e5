import { type AppName, type Clock, type Fault, type FaultCode, type Log, toFault } from '@pier/shared/core';
import type { SerialGrant } from '@pier/shared/capability';
import type { Board } from '@pier/shared/hardware';
import { type SerialLink, createSerialLink } from '../sandbox/index.ts';
import type { Leases } from './leases.ts';
import type { PortNews } from './port-news.ts';

const againFirstMs = 250;
const againMaxMs = 5_000;
/** A port that was open for so long is looked for at once when it goes away. */
const steadyMs = 5_000;
/** A guest does not wait longer for a port that neither opens nor fails. */
const firstOpenMs = 2_000;

/** What no waiting cures: the guest may not start on it. */
const final: ReadonlySet<FaultCode> = new Set(['port-reserved', 'board-gone'] as const);

export type PortDeps = { readonly app: AppName; readonly board: Board; readonly leases: Leases; readonly news: PortNews; readonly clock: Clock; readonly log: Log };

/** A port that is open and attached; `gone` aborts when it has ended by itself. Disposing detaches it, closes it, frees its lease. */
type Opened = AsyncDisposable & { readonly gone: AbortSignal; readonly sinceMs: number };

/** Keeps one granted port attached to the guest's link while the guest lives: a cable may be pulled and plugged in again. */
export class PortKeeper implements AsyncDisposable {
  readonly link: SerialLink;
  readonly #path: string;
  readonly #deps: PortDeps;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(grant: SerialGrant, deps: PortDeps) {
    this.#path = grant.path;
    this.#deps = deps;
    this.link = createSerialLink(grant, deps);
  }

  /** Opens the port if it is there; goes on looking for it if not. Faults: `port-reserved`, `board-gone`. */
  async start(signal: AbortSignal): Promise<void> {
    let opened: Opened | undefined;
    try {
      opened = await this.#open(AbortSignal.any([signal, AbortSignal.timeout(firstOpenMs)]));
      this.#deps.news.back(this.#path);
    } catch (cause) {
      signal.throwIfAborted();
      const fault = toFault(cause);
      if (final.has(fault.code)) throw fault;
      this.#deps.news.gone(this.#path, fault);
    }
    this.#loop = this.#keep(opened).catch((cause: unknown) => this.#deps.log.error({ app: this.#deps.app, path: this.#path, reason: toFault(cause).message }, 'port.keeping-failed'));
  }

  /** Call it when the guest's thread is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    this.link[Symbol.dispose]();
  }

  async #keep(first: Opened | undefined): Promise<void> {
    const { clock, news } = this.#deps;
    for (let opened = first, tries = 0; !this.#stop.signal.aborted; ) {
      if (opened) {
        await aborted(AbortSignal.any([opened.gone, this.#stop.signal]));
        await this.#close(opened);
        if (clock.monotonicMs() - opened.sinceMs > steadyMs) tries = 0;
      }
      await clock.sleep(Math.min(againMaxMs, againFirstMs * 2 ** tries), this.#stop.signal).catch(() => {
        // Stopped while waiting: looked at by the loop.
      });
      tries = Math.min(tries + 1, 16);
      opened = this.#stop.signal.aborted ? undefined : await this.#reopen();
      if (opened) news.back(this.#path);
    }
  }

  async #reopen(): Promise<Opened | undefined> {
    try {
      const opened = await this.#open(this.#stop.signal);
      if (!this.#stop.signal.aborted) return opened;
      await this.#close(opened);
    } catch (cause) {
      this.#deps.log.debug({ app: this.#deps.app, path: this.#path, reason: toFault(cause).message }, 'port.not-open');
    }
    return undefined;
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    const { app, board, leases, clock } = this.#deps;
    const gone = new AbortController();
    await using stack = new AsyncDisposableStack();
    stack.use(leases.takePort(app, this.#path));
    const onGone = (fault: Fault): void => {
      this.link.detach();
      if (!gone.signal.aborted && !this.#stop.signal.aborted && fault.code !== 'board-gone') this.#deps.news.gone(this.#path, fault);
      gone.abort();
    };
    const port = stack.use(await board.openSerial({ path: this.#path, settings: this.link.settings, consumer: app, onData: this.link.take, onGone }, signal));
    stack.defer(() => this.link.detach());
    await this.link.attach(port, signal);
    const opened = stack.move();
    return { gone: gone.signal, sinceMs: clock.monotonicMs(), [Symbol.asyncDispose]: () => opened.disposeAsync() };
  }

  async #close(opened: Opened): Promise<void> {
    try {
      await opened[Symbol.asyncDispose]();
    } catch (cause) {
      // A port that was unplugged cannot be closed in order any more; the kernel has done it.
      this.#deps.log.warn({ app: this.#deps.app, path: this.#path, reason: toFault(cause).message }, 'port.close-failed');
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
