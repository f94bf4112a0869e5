import type { Duplex } from 'node:stream';
import { type Clock, Fault, isFaultCode } from '../core/index.ts';
import { splitLines } from './lines.ts';
import { SimAnswer, type SimRequest, simLineBytesMax } from './sim-wire.ts';

type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;
export type SimOrder = WithoutId<SimRequest>;
export type SimResult = Extract<SimAnswer, { ok: true }>;
export type SimEdge = Extract<SimAnswer, { edge: unknown }>['edge'];

const pendingMax = 1_024;

export interface SimClient extends AsyncDisposable {
  /** Aborts when the board's end of the socket is gone, or when it sends what is no answer. */
  readonly gone: AbortSignal;
  /** Sends one order and waits for its answer. Faults: the board's own, `board-gone`, `hardware-fault` when it stays silent. */
  request(order: SimOrder, signal: AbortSignal): Promise<SimResult>;
}

type Waiting = { readonly resolve: (result: SimResult) => void; readonly reject: (fault: Fault) => void };

/** Speaks to a simulated board over a connected socket. An answer that nobody waits for any more is undone, so that no line stays held. */
export function simClient({ socket, clock, answerTimeoutMs = 10_000, onEdge = () => {} }: {
  readonly socket: Duplex;
  readonly clock: Clock;
  readonly answerTimeoutMs?: number;
  readonly onEdge?: (edge: SimEdge) => void;
}): SimClient {
  const waiting = new Map<number, Waiting>();
  const gone = new AbortController();
  let lastId = 0;
  const lose = (why: string): void => {
    if (gone.signal.aborted) return;
    gone.abort(new Fault('board-gone', why));
    for (const { reject } of waiting.values()) reject(new Fault('board-gone', why));
    waiting.clear();
    socket.destroy();
  };
  const send = (order: SimOrder): number => {
    lastId += 1;
    socket.write(`${JSON.stringify({ id: lastId, ...order })}\n`);
    return lastId;
  };
  const take = (answer: SimAnswer): void => {
    if ('edge' in answer) onEdge(answer.edge);
    else if (answer.id === undefined) lose(`the simulated board refused a line: ${'message' in answer ? answer.message : ''}`);
    else {
      const waiter = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (!answer.ok) waiter?.reject(new Fault(isFaultCode(answer.code) ? answer.code : 'hardware-fault', answer.message));
      else if (waiter) waiter.resolve(answer);
      else if ('opened' in answer) send({ op: 'close', handle: answer.opened.handle });
      else if ('watching' in answer) send({ op: 'unwatch', watch: answer.watching.watch });
    }
  };
  listen(socket, { take, lose });
  return {
    gone: gone.signal,
    request: async (order, signal) => {
      signal.throwIfAborted();
      if (gone.signal.aborted) throw gone.signal.reason;
      if (waiting.size >= pendingMax) throw new Fault('too-many-requests', `${pendingMax} requests wait for the board already`);
      const { promise, resolve, reject } = Promise.withResolvers<SimResult>();
      const id = send(order);
      waiting.set(id, { resolve, reject });
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const deadline = clock.after(answerTimeoutMs, () => reject(new Fault('hardware-fault', `the simulated board did not answer "${order.op}" in ${answerTimeoutMs} ms`)));
      try {
        return await promise;
      } finally {
        deadline[Symbol.dispose]();
        waiting.delete(id);
        signal.removeEventListener('abort', onAbort);
      }
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const isClosed = socket.closed;
      lose('the connection to the simulated board was closed by this side');
      if (!isClosed) await closed;
    },
  };
}

function listen(socket: Duplex, { take, lose }: { take: (answer: SimAnswer) => void; lose: (why: string) => void }): void {
  const split = splitLines(simLineBytesMax);
  socket.on('data', (piece: Buffer) => {
    const lines = split(piece);
    if (lines === undefined) return lose(`the simulated board sent a line of more than ${simLineBytesMax} bytes`);
    for (const line of lines) {
      const answer = parseAnswer(line);
      if (answer === undefined) return lose(`the simulated board sent what is no answer: ${line.slice(0, 80)}`);
      take(answer);
    }
    return undefined;
  });
  socket.on('error', (error) => lose(`the simulated board is gone: ${error.message}`));
  socket.on('close', () => lose('the simulated board is gone: it closed the connection'));
}

function parseAnswer(line: string): SimAnswer | undefined {
  try {
    return SimAnswer.parse(JSON.parse(line));
  } catch {
    // Said by the caller, with the line.
    return undefined;
  }
}
