import { type Clock, Fault, toFault } from '@pier/shared/core';
import type { SerialPort } from '@pier/shared/hardware';
import { type SerialCell, serialWord, unpackSettings } from './serial-cell.ts';

const chunkBytes = 1_024;
/** How long the agent stays awake after some work: what the guest writes meanwhile costs no message, however small the pieces. */
const lingerMs = 1;
const retryMs = 1_000;
const configureTimeoutMs = 5_000;

export type SenderDeps = {
  readonly cell: SerialCell;
  readonly port: SerialPort;
  readonly clock: Clock;
  /** Room was made, or a setting was applied. */
  readonly onProgress: () => void;
  readonly onFailed: (fault: Fault) => void;
  /** The port works again after `onFailed`. */
  readonly onWell: () => void;
};

/** Carries out what a guest asked of one attached port: bytes in order, settings after the bytes written before them, flushes at once. */
export class SerialSender implements Disposable {
  readonly #on: SenderDeps;
  readonly #over = new AbortController();
  readonly #chunk = new Uint8Array(chunkBytes);
  #rung = Promise.withResolvers<void>();
  #flushing: Promise<void> | undefined;
  #flushesSeen: number;
  #flushesBegun = 0;

  constructor(deps: SenderDeps) {
    this.#on = deps;
    this.#flushesSeen = this.#word('flushes');
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Gives the port the settings that the guest asked for last, and drops what was written for the port before. Faults: those of `SerialPort.configure`. */
  async configure(signal?: AbortSignal): Promise<void> {
    const { cell, port } = this.#on;
    const signals = [this.#over.signal, AbortSignal.timeout(configureTimeoutMs), ...(signal ? [signal] : [])];
    const asked = this.#word('asked');
    await port.configure(unpackSettings(asked), AbortSignal.any(signals));
    Atomics.store(cell.words, serialWord.applied, asked);
  }

  /** Works until disposed or until the port is gone; never rejects. */
  async run(): Promise<void> {
    Atomics.store(this.#on.cell.words, serialWord.flushBell, 0);
    let isWell = true;
    while (!this.isOver) {
      try {
        if (!isWell) await this.#recover();
        isWell = true;
        await this.#work();
        await this.#rest();
      } catch (cause) {
        if (this.isOver) return;
        isWell = false;
        const fault = toFault(cause);
        this.#on.onFailed(fault);
        // Whoever opened the port hears of its end too, and attaches the next one.
        if (fault.code === 'port-gone' || fault.code === 'board-gone') return;
        await this.#on.clock.sleep(retryMs, this.#over.signal).catch(() => {});
      }
    }
  }

  /** The guest has rung: flushes do not wait for the bytes that are on their way. */
  heed(): void {
    // A flush that fails is still wanted, and the work, which tries it too, tells of it.
    if (this.#flushWanted) this.#flush().catch(() => {});
    this.#rung.resolve();
  }

  [Symbol.dispose](): void {
    this.#over.abort(new Fault('interrupted', 'the port was detached'));
    this.#rung.resolve();
  }

  get #flushWanted(): boolean {
    return this.#word('flushes') !== this.#flushesSeen;
  }

  #word(name: 'flushes' | 'flushAt' | 'asked' | 'applied'): number {
    return Atomics.load(this.#on.cell.words, serialWord[name]);
  }

  async #recover(): Promise<void> {
    const { tx } = this.#on.cell;
    tx.skipTo(tx.written);
    await this.configure();
    this.#on.onWell();
  }

  /** Everything that there is to do, except small pieces that come while it is done. */
  async #work(): Promise<void> {
    const { tx } = this.#on.cell;
    for (let size = chunkBytes; size === chunkBytes || this.#isAsked; ) {
      // In this order: bytes written before the guest asked for settings are seen with the question.
      const isAsked = this.#isAsked;
      const place = tx.read;
      size = tx.peek(this.#chunk);
      if (this.#flushing || this.#flushWanted) {
        await this.#flush();
        size = chunkBytes;
      } else if (size > 0) {
        const bytes = this.#chunk.slice(0, size);
        await this.#unlessFlushed(() => this.#on.port.write(bytes, this.#over.signal));
        tx.skipTo(place + size);
        this.#on.onProgress();
      } else if (isAsked) {
        await this.#unlessFlushed(() => this.configure());
        this.#on.onProgress();
      }
    }
  }

  /** A port gives up what it is doing when it is flushed: no failure, since the guest wanted it. Settings are then still asked for. */
  async #unlessFlushed(act: () => Promise<void>): Promise<void> {
    const begun = this.#flushesBegun;
    try {
      await act();
    } catch (cause) {
      if (this.isOver || this.#flushesBegun === begun || toFault(cause).code !== 'interrupted') throw cause;
    }
  }

  get #isAsked(): boolean {
    return this.#word('asked') !== this.#word('applied');
  }

  /** Until the guest rings. The bell is silenced before the last look, so that nothing is overlooked in between. */
  async #rest(): Promise<void> {
    await this.#on.clock.sleep(lingerMs, this.#over.signal);
    this.#rung = Promise.withResolvers();
    Atomics.store(this.#on.cell.words, serialWord.bell, 0);
    if (this.#on.cell.tx.size === 0 && !this.#isAsked && !this.#flushWanted && !this.#flushing) await this.#rung.promise;
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flushAll(): Promise<void> {
    const { words, tx, rx } = this.#on.cell;
    while (this.#flushWanted) {
      const seen = this.#word('flushes');
      tx.skipTo(this.#word('flushAt'));
      this.#flushesBegun += 1;
      await this.#on.port.flush(this.#over.signal);
      this.#flushesSeen = seen;
      Atomics.store(words, serialWord.rxDropTo, rx.written);
      await this.#on.clock.sleep(lingerMs, this.#over.signal);
      Atomics.store(words, serialWord.flushBell, 0);
    }
  }
}
