import { type Clock, Fault, type Log, type Random, backoffMs, toFault } from '@pier/shared/core';
import type { Board } from '@pier/shared/hardware';

export type OpenBoard = (signal: AbortSignal) => Promise<Board>;

/** The board of this device, opened again whenever it went away. */
export type BoardKeeper = AsyncDisposable & {
  /** The board, if it answers now. Faults: `board-gone`. */
  now(): Board;
  /** Resolves with the board as soon as there is one. */
  ready(signal: AbortSignal): Promise<Board>;
  /** Model of the board that was seen last; empty before the first. */
  readonly model: string;
  /** Calls back whenever the board went away. */
  onGone(act: () => void): void;
};

/** Opens the board in the background and keeps it open until disposed. */
export function keepBoard(open: OpenBoard, deps: { clock: Clock; random: Random; log: Log }): BoardKeeper {
  let board: Board | undefined;
  let model = '';
  let arrived = Promise.withResolvers<Board>();
  const listeners: (() => void)[] = [];
  const stop = new AbortController();

  /** One stay of the board, from opening until it is gone. */
  async function stay(): Promise<void> {
    const opened = await open(stop.signal);
    board = opened;
    model = opened.profile.model;
    deps.log.info({ model: opened.profile.model }, 'board.open');
    arrived.resolve(opened);
    await aborted(AbortSignal.any([opened.gone, stop.signal]));
    if (stop.signal.aborted) return;
    deps.log.warn({ model: opened.profile.model }, 'board.gone');
    board = undefined;
    arrived = Promise.withResolvers<Board>();
    for (const act of listeners) act();
    await opened[Symbol.asyncDispose]();
  }

  async function keep(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; failures += 1) {
      try {
        await stay();
        failures = 0;
      } catch (cause) {
        if (stop.signal.aborted) return;
        deps.log.warn({ fault: toFault(cause).message }, 'board.unreachable');
      }
      await deps.clock.sleep(100 + backoffMs(failures, deps.random, { baseMs: 500, capMs: 10_000 }), stop.signal).catch(() => {
        // Stopped while waiting: the loop's condition ends it.
      });
    }
  }
  const loop = keep();

  return {
    now: () => {
      if (board === undefined || board.gone.aborted) throw new Fault('board-gone', 'the board does not answer at the moment');
      return board;
    },
    ready: async (waiting) => board ?? (await Promise.race([arrived.promise, rejection(waiting)])),
    get model() {
      return model;
    },
    onGone: (act) => void listeners.push(act),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await loop;
      await board?.[Symbol.asyncDispose]();
      board = undefined;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function rejection(signal: AbortSignal): Promise<never> {
  return aborted(signal).then(() => {
    throw new Fault('board-gone', 'stopped while waiting for the board');
  });
}
