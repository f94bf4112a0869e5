/** A line between a browser and a manager that can be cut: what is open breaks, and nothing new comes through until it is mended. */
import { type Socket, connect, createServer } from 'node:net';

export type Line = { readonly url: string; cut(): void; mend(): void } & AsyncDisposable;

export async function openLine(to: string): Promise<Line> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  const state = { cut: false };
  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    // A cut line ends in errors at both of its ends; that is what it is for.
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    hold(near);
    if (state.cut) return near.destroy();
    const far = hold(connect(Number(port), hostname));
    near.pipe(far).pipe(near);
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
    cut: () => {
      state.cut = true;
      breakAll();
    },
    mend: () => {
      state.cut = false;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      breakAll();
      await closed;
    },
  };
}
