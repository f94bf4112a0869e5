import { Socket } from 'node:net';
import { type Clock, Fault, type FaultCode, toFault } from '@pier/shared/core';
import { type SimClient, simClient } from '@pier/shared/hardware';
import { socketPath } from '@pier/shared/process';
import type { BoardFolder } from './folders.ts';

const openMax = 8;
const waitingMax = 128;
const idleMs = 30_000;
/** Small, since people wait: a board that is alive answers in a millisecond. */
const answerTimeoutMs = 3_000;

/** What a board may say of itself; any other code would speak for the manager, such as `unauthenticated`. */
const boardCodes: ReadonlySet<FaultCode> = new Set(['input-invalid', 'not-found', 'conflict', 'too-large', 'too-many-requests', 'line-unknown', 'line-busy', 'line-reserved', 'port-unknown', 'port-busy', 'port-reserved', 'port-gone', 'hardware-fault', 'board-gone', 'platform-unsupported']);

type Held = { readonly client: Promise<SimClient>; users: number; idle: Disposable | undefined };

/** Connections to boards: few at once, shared by all who ask the same board, closed when nobody asked for a while. */
export class BoardLinks implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /** Connections that are open or being opened. */
  get open(): number {
    return this.#held.size;
  }

  /** Lets `act` speak to a board. Faults: the board's own, `board-gone`, `hardware-fault` when it stays silent, `too-many-requests`. */
  async use<T>(folder: BoardFolder, act: (client: SimClient) => Promise<T>): Promise<T> {
    const held = await this.#take(folder);
    let isSound = false;
    try {
      const result = await act(await held.client);
      isSound = true;
      return result;
    } catch (thrown) {
      const fault = asBoardSaid(toFault(thrown));
      isSound = fault.code !== 'board-gone' && fault.code !== 'hardware-fault';
      throw fault;
    } finally {
      this.#give(folder.id, held, isSound);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.all([...this.#held].map(([id, held]) => this.#close(id, held)));
  }

  async #take(folder: BoardFolder): Promise<Held> {
    for (;;) {
      if (this.#isClosed) throw new Fault('board-gone', 'the manager is closing');
      const known = this.#held.get(folder.id);
      if (known) {
        known.idle?.[Symbol.dispose]();
        known.idle = undefined;
        known.users += 1;
        return known;
      }
      if (this.#held.size >= openMax) await this.#makeRoom();
      else {
        const held: Held = { client: connect(folder, this.#clock), users: 1, idle: undefined };
        this.#held.set(folder.id, held);
        held.client.then(
          (client) => client.gone.addEventListener('abort', () => void this.#close(folder.id, held), { once: true }),
          () => {
            // Told to those who use it.
          },
        );
        return held;
      }
    }
  }

  /** Closes the connection that is idle for longest, or waits until somebody is done with one. */
  async #makeRoom(): Promise<void> {
    const idle = [...this.#held].find(([, held]) => held.users === 0);
    if (idle) return this.#close(...idle);
    if (this.#waiting.length >= waitingMax) throw new Fault('too-many-requests', `${waitingMax} requests wait for a connection to a simulated board already`);
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  #give(id: string, held: Held, isSound: boolean): void {
    held.users -= 1;
    if (!isSound) void this.#close(id, held);
    else if (held.users === 0 && this.#held.get(id) === held) {
      // Put last, so that the first idle one is the oldest.
      this.#held.delete(id);
      this.#held.set(id, held);
      held.idle = this.#clock.after(idleMs, () => void this.#close(id, held));
    }
    this.#waiting.shift()?.();
  }

  async #close(id: string, held: Held): Promise<void> {
    held.idle?.[Symbol.dispose]();
    if (this.#held.get(id) === held) this.#held.delete(id);
    this.#waiting.shift()?.();
    const client = await held.client.catch(() => undefined);
    await client?.[Symbol.asyncDispose]();
  }
}

async function connect({ id, socket: path }: BoardFolder, clock: Clock): Promise<SimClient> {
  const socket = new Socket();
  using _ = clock.after(answerTimeoutMs, () => void socket.destroy(new Error(`no connection within ${answerTimeoutMs} ms`)));
  try {
    using held = socketPath(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect({ path: held.path }, resolve);
    });
  } catch (cause) {
    socket.destroy();
    throw new Fault('board-gone', `the simulated board "${id}" does not run: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
  socket.removeAllListeners('error');
  // Nothing is watched over these connections: whoever sends edges is no board.
  return simClient({ socket, clock, answerTimeoutMs, onEdge: () => void socket.destroy() });
}

function asBoardSaid({ code, message, detail, cause }: Fault): Fault {
  const plain = message.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 500);
  return new Fault(boardCodes.has(code) ? code : 'hardware-fault', plain, detail, cause);
}
