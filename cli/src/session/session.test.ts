import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DeviceId } from '@pier/shared/core';
import { openSession } from './index.ts';

/** A manager that knows one device by another id, as far as these tests ask it. */
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://manager');
  const id = 'quay-1-wybzm7';
  const known = { id, name: 'quay-1', model: 'pi', tags: {}, state: 'active', standing: 'in_step', why: null, online: true, lastSeenAt: null, agent: null, rev: 1, apps: [], createdAt: '2026-11-21T14:00:00.000Z' };
  if (pathname.endsWith('/devices')) return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ items: searchParams.get('search') === 'quay-1' ? [known] : [], next: null }));
  const detail = `there is no device "${pathname.split('/').at(-1)}"`;
  return void response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', title: 'not-found', status: 404, detail, code: 'not-found' }));
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

test.each([
  ['quay-1', 'there is no device "quay-1"; did you mean quay-1-wybzm7 ("quay-1")?'],
  ['mole-1', 'there is no device "mole-1"'],
])('a device that is asked for as %s is looked for by name, and only suggested', async (word, message) => {
  const { api } = openSession({ manager: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'a-token' });
  await expect(api.call('getDevice', { params: { device: DeviceId.parse(word) } })).rejects.toMatchObject({ code: 'not-found', message });
});
