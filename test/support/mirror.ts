/**
 * A site cache that passes a registry on over plain HTTP, and that nobody needs to trust: asked to (`POST /corrupt/<digest>`),
 * it flips one bit of that blob while it serves it under its true digest. Its own credentials stay with it.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { request } from 'node:https';
import { shutdownSignal } from '@pier/shared/process';

const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as { registry: string; ca: string; user: string; password: string; port?: number };
const upstream = new URL(config.registry);
const ca = readFileSync(config.ca, 'utf8');
const corrupt = new Set<string>();

function pass(incoming: IncomingMessage, answer: ServerResponse): void {
  const headers = { accept: incoming.headers.accept ?? '*/*', authorization: `Basic ${Buffer.from(`${config.user}:${config.password}`).toString('base64')}` };
  const outgoing = request({ hostname: upstream.hostname, port: upstream.port, path: incoming.url, method: incoming.method, headers, ca }, (response) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.on('end', () => {
      const body = Buffer.concat(parts);
      const bad = [...corrupt].some((digest) => incoming.url?.endsWith(`/blobs/${digest}`));
      if (bad && body.length > 0) body.writeUInt8(body.readUInt8(body.length >> 1) ^ 1, body.length >> 1);
      answer.writeHead(response.statusCode ?? 502, { 'content-type': response.headers['content-type'] ?? 'application/octet-stream', 'content-length': body.length });
      answer.end(body);
    });
  });
  outgoing.on('error', (error) => answer.writeHead(502).end(error.message));
  outgoing.end();
}

const server = createServer((incoming, answer) => {
  const order = /^\/(corrupt|heal)\/(sha256:[0-9a-f]{64})$/.exec(incoming.url ?? '');
  if (incoming.method === 'POST' && order?.[2] !== undefined) {
    if (order[1] === 'corrupt') corrupt.add(order[2]);
    else corrupt.delete(order[2]);
    answer.writeHead(204).end();
  } else if (incoming.method === 'GET' || incoming.method === 'HEAD') pass(incoming, answer);
  else answer.writeHead(405).end();
});
server.listen(config.port ?? 0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` })}\n`);
});
shutdownSignal().addEventListener('abort', () => {
  server.closeAllConnections();
  server.close();
});
