/** A line to a manager that can be cut, so that what is open breaks and nothing new comes through until it is mended, and that can be slow. */
import { type Socket, connect, createServer } from 'node:net';
import { Transform } from 'node:stream';
import { systemClock } from '@pier/shared/core';

export type Line = {
  readonly url: string;
  readonly port: number;
  cut(): void;
  mend(): void;
  /** Every piece takes so long from now on, each way, and none overtakes another. */
  slow(ms: number): void;
} & AsyncDisposable;

export async function openLine(to: string): Promise<Line> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  const state = { cut: false, slowMs: 0 };
  const late = (): Transform =>
    new Transform({
      transform: (piece, _encoding, done) => void (state.slowMs === 0 ? done(null, piece) : systemClock.after(state.slowMs, () => done(null, piece))),
    });
  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    // A cut line ends in errors at both of its ends; that is what it is for.
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    hold(near);
    if (state.cut) return near.destroy();
    const far = hold(connect(Number(port), hostname));
    near.pipe(late()).pipe(far).pipe(late()).pipe(near);
    near.on('close', () => far.destroy());
    return far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    cut: () => {
      state.cut = true;
      breakAll();
    },
    mend: () => {
      state.cut = false;
    },
    slow: (ms) => {
      state.slowMs = ms;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      breakAll();
      await closed;
    },
  };
}
