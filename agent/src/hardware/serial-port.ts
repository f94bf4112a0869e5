import { readSync, writeSync } from 'node:fs';
import { type Clock, Fault, toFault } from '@pier/shared/core';
import type { SerialPort, SerialRequest, SerialSettings } from '@pier/shared/hardware';
import type { SerialPort as Library } from 'serialport';

type Detected = (typeof Library)['binding'];
/** The library's opened port on a system that has pollers. */
export type Binding = Extract<Awaited<ReturnType<Detected['open']>>, { readonly poller: unknown }>;

/** The poller's flags: what to wake for. */
const wake = { readable: 1, writable: 2 } as const;
/** What ends an act early. */
type Stops = readonly AbortSignal[];
const readBytes = 4_096;
/** Reads in one turn before others get theirs. */
const readsMax = 16;
const waitingBytesMax = 1 << 20;
const closeMs = 2_000;

/**
 * An open port. Reading and writing are done here, on the descriptor of the library's port, which does not block: the
 * library's own reader starts over at once on a read of no bytes, so that a port which hung up before the first read
 * would keep a core busy for ever, unnoticed. With one byte as the least that a read waits for (VMIN, termios(3)), a
 * read of none is the hang-up itself.
 */
export class LivePort implements SerialPort {
  readonly path: string;
  readonly #request: SerialRequest;
  readonly #open: (settings: SerialSettings) => Promise<Binding>;
  readonly #clock: Clock;
  readonly #release: () => void;
  readonly #ended = new AbortController();
  readonly #buffer = Buffer.alloc(readBytes);
  #binding: Binding;
  #settings: SerialSettings;
  #flushed = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #waitingBytes = 0;
  #writable: PromiseWithResolvers<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor({ request, binding, open, clock, release }: { request: SerialRequest; binding: Binding; open: (settings: SerialSettings) => Promise<Binding>; clock: Clock; release: () => void }) {
    this.path = request.path;
    this.#request = request;
    this.#settings = request.settings;
    this.#binding = binding;
    this.#open = open;
    this.#clock = clock;
    this.#release = release;
  }

  /** Begins to read. */
  listen(): void {
    const { poller } = this.#binding;
    poller.on('readable', (error: Error | null) => this.#wake(error));
    poller.on('writable', (error: Error | null) => this.#wake(error));
    this.#wake(null);
  }

  async configure(settings: SerialSettings, signal: AbortSignal): Promise<void> {
    await this.#inTurn(signal, async (stops) => {
      const { dataBits, parity, stopBits } = this.#settings;
      const onlySpeed = settings.dataBits === dataBits && settings.parity === parity && settings.stopBits === stopBits;
      await (onlySpeed ? until(this.#ask(() => this.#binding.update({ baudRate: settings.baud })), stops) : this.#reopen(settings));
      this.#settings = settings;
    });
  }

  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#waitingBytes + bytes.byteLength > waitingBytesMax) throw new Fault('too-many-requests', `${this.#waitingBytes} bytes wait to be sent to ${this.path} already`);
    // A copy, since whoever gave it may use its memory again.
    const left = Buffer.from(bytes);
    this.#waitingBytes += left.byteLength;
    try {
      await this.#inTurn(signal, (stops) => this.#send(left, stops));
    } finally {
      this.#waitingBytes -= left.byteLength;
    }
  }

  async flush(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#ended.signal.throwIfAborted();
    this.#flushed.abort(new Fault('interrupted', `what waited to be sent to ${this.path} was flushed`));
    this.#flushed = new AbortController();
    // In turn, since the port may just be opening anew.
    await this.#inTurn(signal, (stops) => until(this.#ask(() => this.#binding.flush()), stops));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended.signal.aborted) this.#ended.abort(new Fault('port-gone', `${this.path} was closed by this side`));
    await this.#close();
  }

  /** One act after the other; each ends early when it is called off, flushed, or the port ends. */
  #inTurn(signal: AbortSignal, act: (stops: Stops) => Promise<void>): Promise<void> {
    const stops = [this.#ended.signal, this.#flushed.signal, signal];
    const done = (async (before: Promise<void>) => {
      await until(before, stops);
      await act(stops);
    })(this.#turn);
    // Whoever asked hears how it went; the next in turn only that it is over, and no sooner than all before it.
    this.#turn = over([this.#turn, done]);
    return done;
  }

  async #send(bytes: Buffer, stops: Stops): Promise<void> {
    let sent = 0;
    while (sent < bytes.byteLength) {
      sent += this.#writeNow(bytes.subarray(sent));
      this.#ended.signal.throwIfAborted();
      if (sent === bytes.byteLength) break;
      this.#writable ??= Promise.withResolvers();
      this.#arm();
      await until(this.#writable.promise, stops);
    }
    await until(this.#ask(() => this.#binding.drain()), stops);
  }

  /** Writes what the driver takes at once. */
  #writeNow(bytes: Buffer): number {
    const { fd } = this.#binding;
    try {
      return fd === null ? 0 : writeSync(fd, bytes);
    } catch (error) {
      if (!isLater(error)) this.#lose(error);
      return 0;
    }
  }

  #wake(error: Error | null): void {
    if (this.#ended.signal.aborted) return;
    this.#read();
    if (error !== null) this.#lose(error);
    if (this.#ended.signal.aborted) return;
    this.#writable?.resolve();
    this.#writable = undefined;
    this.#arm();
  }

  /** The library's poller wakes once for each time that it is asked, and only for what it was asked last. */
  #arm(): void {
    this.#binding.poller.poll(this.#writable ? wake.readable | wake.writable : wake.readable);
  }

  #read(): void {
    for (let reads = 0; reads < readsMax && !this.#ended.signal.aborted; reads += 1) {
      const { fd } = this.#binding;
      if (fd === null) return;
      let got: number;
      try {
        got = readSync(fd, this.#buffer);
      } catch (error) {
        if (!isLater(error)) this.#lose(error);
        return;
      }
      if (got === 0) return this.#lose('it hung up');
      this.#request.onData(Uint8Array.prototype.slice.call(this.#buffer, 0, got));
    }
  }

  /** The library changes an open port's speed only; for the rest the same device is opened anew. */
  async #reopen(settings: SerialSettings): Promise<void> {
    try {
      // Closing tells the poller's listeners that they were called off, which is no end here.
      this.#binding.poller.removeAllListeners();
      await this.#binding.close();
      this.#binding = await this.#open(settings);
    } catch (cause) {
      this.#lose(cause);
      throw this.#ended.signal.reason;
    }
    this.#ended.signal.throwIfAborted();
    this.listen();
  }

  /** What the driver cannot do any more is the port's end. */
  async #ask(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      this.#ended.signal.throwIfAborted();
      if (!/input\/output error|no such device|not open|bad file/i.test(toFault(cause).message)) throw new Fault('hardware-fault', `${this.path}: ${toFault(cause).message}`, {}, cause);
      this.#lose(cause);
      throw this.#ended.signal.reason;
    }
  }

  #lose(cause: unknown): void {
    if (this.#ended.signal.aborted) return;
    const fault = new Fault('port-gone', `${this.path} is gone: ${typeof cause === 'string' ? cause : toFault(cause).message}`, {}, cause);
    this.#ended.abort(fault);
    void this.#close();
    this.#request.onGone(fault);
  }

  /** Never waits longer than its deadline: a driver may hold a close back until a dead line has taken the last byte. */
  #close(): Promise<void> {
    this.#closed ??= (async () => {
      const late = Promise.withResolvers<void>();
      using _ = this.#clock.after(closeMs, late.resolve);
      await Promise.race([this.#closeBinding(), late.promise]);
    })();
    return this.#closed;
  }

  async #closeBinding(): Promise<void> {
    const unsent = this.#waitingBytes > 0;
    // Nothing of it lasts now, but for an opening anew, whose end is waited for.
    await this.#turn;
    try {
      // Only where something waits: on a pseudo-terminal a flush would also drop what was sent and not read yet.
      if (unsent && this.#binding.isOpen) await this.#binding.flush();
    } catch {
      // A port that hung up has nothing to flush.
    }
    try {
      if (this.#binding.isOpen) await this.#binding.close();
    } catch {
      // The descriptor is gone either way (close(2)).
    }
    this.#release();
  }
}

function isLater(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR');
}

/** Resolves with nothing when all of them are over, so that a chain of them holds nothing of what came before. */
async function over(acts: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(acts);
}

/** Waits for an act no longer than until one of the signals; what comes of it later is nobody's. */
async function until<T>(act: Promise<T>, stops: Stops): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const undo = stops.map((signal) => {
    const onAbort = (): void => stopped.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    return () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([stopped.promise, act]);
  } finally {
    for (const remove of undo) remove();
  }
}
