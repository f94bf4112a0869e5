import { Fault } from '@pier/shared/core';
import type { Poller } from '@serialport/bindings-cpp/dist/poller.js';

type Library = { readonly Poller: typeof Poller };

const readable = 1;

/**
 * Wakes for descriptors that have something to read, in the main thread only. The poller is the one by which `serialport`
 * waits for its ports: prebuilt for every board, and libuv's own wait, so that no thread and no timer is spent.
 *
 * A poller is bound to a descriptor's number and never freed: its native side holds on to itself, also when it was
 * destroyed. So each is kept here and used again for its number, of which there are few.
 */
export class Pollers {
  readonly #byFd = new Map<number, Poller>();
  readonly #load: () => Promise<Library>;

  constructor(load: () => Promise<Library> = () => import('@serialport/bindings-cpp/dist/poller.js')) {
    this.#load = load;
  }

  /** Calls `onReadable` once for each call of `again`, and with an error when the descriptor can't be waited for any more. Faults: `hardware-fault`; `platform-unsupported` without the addon. */
  async watch(fd: number, onReadable: (error: Error | null, again: () => void) => void): Promise<Disposable> {
    const poller = this.#byFd.get(fd) ?? (await this.#make(fd));
    const again = (): void => poller.poll(readable);
    const listener = (error: Error | null): void => onReadable(error, again);
    poller.on('readable', listener);
    again();
    return {
      [Symbol.dispose]: () => {
        // First, since stopping tells the listeners that they were called off.
        if (poller.listenerCount('readable') === 0) return;
        poller.removeAllListeners();
        poller.stop();
      },
    };
  }

  async #make(fd: number): Promise<Poller> {
    const library = await this.#loaded();
    try {
      const poller = new library.Poller(fd);
      this.#byFd.set(fd, poller);
      return poller;
    } catch (cause) {
      throw new Fault('hardware-fault', `descriptor ${fd} cannot be waited for: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
    }
  }

  async #loaded(): Promise<Library> {
    try {
      return await this.#load();
    } catch (cause) {
      throw new Fault('platform-unsupported', `nothing can be waited for on this machine, since the addon of @serialport/bindings-cpp cannot be loaded: ${cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)}`, {}, cause);
    }
  }
}
