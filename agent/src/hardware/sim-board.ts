import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { type Clock, Fault } from '@pier/shared/core';
import { type Board, type BoardProfile, type Edge, type Line, type LineRequest, type SerialPort, type SerialRequest, type SimClient, type SimEdge, findPort, simClient } from '@pier/shared/hardware';
import { socketPath } from '@pier/shared/process';
import { type SerialSite, openSerial } from './serial.ts';

/** Watches of one board, by the number that it gave them. Edges that overtake the answer to `watch` wait here. */
type Watches = { readonly listeners: Map<number, (edge: SimEdge) => void>; readonly early: Map<number, SimEdge[]> };
const earlyMax = 1_024;

/** What a line needs of its board. */
type Link = { readonly client: SimClient; readonly dir: string; readonly recordFd: number; readonly watches: Watches; readonly never: AbortSignal };

/**
 * Opens the simulated board that runs in `dir`; its lines are released when it is disposed, or when this process ends.
 * Its serial ports are real terminals, opened as on any board and closed by whoever opened them.
 * Faults: `board-gone` when none runs there, `hardware-fault` when it does not answer.
 */
export async function openSimBoard({ dir, clock }: { readonly dir: string; readonly clock: Clock }, signal: AbortSignal): Promise<Board> {
  await using stack = new AsyncDisposableStack();
  const watches: Watches = { listeners: new Map(), early: new Map() };
  const client = stack.use(simClient({ socket: await connectTo(join(dir, 'board.sock'), signal), clock, onEdge: (edge) => takeEdge(watches, edge) }));
  const result = await client.request({ op: 'hello' }, signal);
  if (!('hello' in result)) throw new Fault('hardware-fault', `what listens in ${dir} is no simulated board`);
  const { profile, records } = result.hello;
  const recordFd = openPart(join(dir, records), constants.O_WRONLY | constants.O_NONBLOCK);
  stack.defer(() => closeSync(recordFd));
  const link: Link = { client, dir, recordFd, watches, never: new AbortController().signal };
  const site: SerialSite = { clock, holders: new Map() };
  const owned = stack.move();
  return {
    profile,
    gone: client.gone,
    openLine: (request, lineSignal) => openLine(link, request, lineSignal),
    openSerial: async (request, portSignal) => {
      if (client.gone.aborted) throw client.gone.reason;
      return await openOwnPort(profile, { request, site }, portSignal);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function connectTo(path: string, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = new Socket();
  // The signal ends the opening, not the connection: so it is not given to the socket, which would keep it for life.
  const onAbort = (): void => void socket.destroy(new Error('the opening was called off'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    using held = socketPath(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect({ path: held.path }, resolve);
    });
    return socket;
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw new Fault('board-gone', `no simulated board answers at ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.removeAllListeners('error');
  }
}

/** Opens a file of the board; without it the board is gone, whatever its socket says. */
function openPart(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    throw new Fault('board-gone', `the simulated board has no ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

async function openLine(link: Link, { at, direction, bias = 'none', initial, consumer }: LineRequest, signal: AbortSignal): Promise<Line> {
  const { client, never } = link;
  const result = await client.request({ op: 'open', at, direction, bias, consumer, ...(initial === undefined ? {} : { initial }) }, signal);
  if (!('opened' in result)) throw new Fault('hardware-fault', 'the simulated board opened a line without saying which');
  const { handle, levelFile } = result.opened;
  await using stack = new AsyncDisposableStack();
  stack.defer(() => unlessGone(client, client.request({ op: 'close', handle }, never)));
  const levelFd = openPart(join(link.dir, levelFile), constants.O_RDONLY);
  stack.defer(() => closeSync(levelFd));
  const owned = stack.move();
  return {
    at,
    direction,
    cell: { kind: 'stream', handle, recordFd: link.recordFd, levelFd },
    drive: async (to, driveSignal) => {
      await client.request({ op: 'set', handle, to }, driveSignal);
    },
    watch: ({ edges, debounceUs }, onEdge, watchSignal) => watchLine(link, { handle, edges, debounceUs, onEdge }, watchSignal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Only the board's own ports: the machine that simulates it may have others, which are none of its apps' business. */
async function openOwnPort(profile: BoardProfile, { request, site }: { request: SerialRequest; site: SerialSite }, signal: AbortSignal): Promise<SerialPort> {
  const port = findPort(profile, request.path);
  const known = profile.serial.map((one) => one.path).join(', ') || 'none';
  if (!port) throw new Fault('port-unknown', `this ${profile.model} has no serial port ${request.path}; it has ${known}`);
  if (port.reserved !== undefined) throw new Fault('port-reserved', `${request.path} is used by the system: ${port.reserved}`);
  return await openSerial(request, site, signal);
}

type WatchOrder = { readonly handle: number; readonly edges: 'rising' | 'falling' | 'both'; readonly debounceUs: number; readonly onEdge: (edge: Edge) => void };

async function watchLine({ client, watches, never }: Link, { handle, edges, debounceUs, onEdge }: WatchOrder, signal: AbortSignal): Promise<AsyncDisposable> {
  const result = await client.request({ op: 'watch', handle, edges, debounceUs }, signal);
  if (!('watching' in result)) throw new Fault('hardware-fault', 'the simulated board watches a line without saying which');
  const { watch } = result.watching;
  const listener = ({ tNs, seq, lost, level }: SimEdge): void => onEdge({ tNs: BigInt(tNs), seq, lost, level });
  for (const edge of watches.early.get(watch) ?? []) listener(edge);
  watches.early.delete(watch);
  watches.listeners.set(watch, listener);
  return {
    [Symbol.asyncDispose]: async () => {
      // Releasing the line ends its watch too, so either may be disposed first.
      if (watches.listeners.delete(watch)) await unlessGone(client, client.request({ op: 'unwatch', watch }, never));
      watches.early.delete(watch);
    },
  };
}

function takeEdge({ listeners, early }: Watches, edge: SimEdge): void {
  const listener = listeners.get(edge.watch);
  if (listener) return listener(edge);
  const held = early.get(edge.watch) ?? [];
  if (held.length < earlyMax && early.size < earlyMax) early.set(edge.watch, [...held, edge]);
  return undefined;
}

/** What is to be given back to a board that is gone, or was given back before, is given back. */
async function unlessGone(client: SimClient, act: Promise<unknown>): Promise<void> {
  try {
    await act;
  } catch (thrown) {
    if (!client.gone.aborted && !(thrown instanceof Fault && thrown.code === 'not-found')) throw thrown;
  }
}
