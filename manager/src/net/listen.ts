import type { AddressInfo, Server } from 'node:net';
import { invariant } from '@pier/shared/core';

/** Binds a server; resolves with its port, rejects when it cannot be had. Port 0 takes any free one. */
export async function listen(server: Server, { host, port, backlog = 511 }: { host: string; port: number; backlog?: number }): Promise<number> {
  const bound = Promise.withResolvers<void>();
  server.once('error', bound.reject);
  server.listen({ host, port, backlog }, bound.resolve);
  await bound.promise;
  server.off('error', bound.reject);
  const address: AddressInfo | string | null = server.address();
  invariant(address !== null && typeof address !== 'string', 'a TCP server has a port');
  return address.port;
}
