import { once } from 'node:events';
import { type Agent, type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openConnections } from './connections.ts';

async function get(agent: Agent, port: number, path: string): Promise<IncomingMessage> {
  const [answer] = (await once(request({ port, agent, path }).end(), 'response')) as [IncomingMessage];
  return answer;
}

test('with another certificate, connections that nobody uses are closed, and one that is read from comes to its end', { timeout: 20_000 }, async () => {
  const accepted: Socket[] = [];
  const slow: ServerResponse[] = [];
  // Without a limit of its own: only the other side ends a connection.
  const server = createServer({ keepAliveTimeout: 0 }, ({ url }, answer) => {
    answer.write('wh');
    if (url === '/slow') slow.push(answer);
    else answer.end('ole');
  }).on('connection', (socket) => accepted.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const tls = { cert: 'first' };
  {
    using connections = openConnections(() => ({ ...tls }));
    const before = connections.of(true).http;
    expect(await text(await get(before, port, '/'))).toBe('whole');
    expect(connections.of(true).http).toBe(before);
    const reading = await get(connections.of(false).http, port, '/slow');
    const closed = accepted.slice(0, 1).map((socket) => once(socket, 'close'));
    tls.cert = 'second';
    expect(connections.of(true).http).not.toBe(before);
    await Promise.all(closed);
    for (const answer of slow) answer.end('ole');
    expect(await text(reading)).toBe('whole');
  }
  await new Promise((resolve) => server.close(resolve));
});
