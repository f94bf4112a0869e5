import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '@pier/shared/core';
import { openPorts } from './ports.ts';

let folder: string;
const open: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pier-ports-'));
});
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function listen(port: number): Promise<{ port: number }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  open.push(server);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port };
}

async function closeAll(): Promise<void> {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
}

test('the port of the first start is that of the next', async () => {
  const { port } = await (await openPorts(folder, silentLog)).open('mqtt', 0, listen);
  await closeAll();
  expect(await (await openPorts(folder, silentLog)).open('mqtt', 0, listen)).toEqual({ port });
  expect(JSON.parse(await readFile(join(folder, 'ports.json'), 'utf8'))).toEqual({ mqtt: port });
});

test('a port that is asked for is taken, and kept', async () => {
  const { port } = await listen(0);
  await closeAll();
  expect(await (await openPorts(folder, silentLog)).open('http', port, listen)).toEqual({ port });
  expect(JSON.parse(await readFile(join(folder, 'ports.json'), 'utf8'))).toEqual({ http: port });
});

test('public hosts hold for the next start, until others are named or they are taken back', async () => {
  await writeFile(join(folder, 'ports.json'), '{"mqtt":8883}');
  const hostsAt = async (wanted?: readonly string[]) => (await openPorts(folder, silentLog)).hosts(wanted);
  expect(await hostsAt()).toEqual([]);
  expect(await hostsAt(['pier.example', '192.0.2.1'])).toEqual(['pier.example', '192.0.2.1']);
  expect(await hostsAt()).toEqual(['pier.example', '192.0.2.1']);
  expect(await hostsAt(['dock.example'])).toEqual(['dock.example']);
  expect(JSON.parse(await readFile(join(folder, 'ports.json'), 'utf8'))).toEqual({ mqtt: 8883, hosts: ['dock.example'] });
  expect(await hostsAt([])).toEqual([]);
  expect(await hostsAt()).toEqual([]);
});

test('a change of the public hosts is logged, with those before and after', async () => {
  const said: unknown[] = [];
  const log = { ...silentLog, info: (fields: object, event: string) => void said.push([event, fields]) };
  for (const wanted of [undefined, ['a.example'], ['a.example'], undefined, []]) await (await openPorts(folder, log)).hosts(wanted);
  expect(said).toEqual([
    ['manager.hosts-changed', { before: [], after: ['a.example'] }],
    ['manager.hosts-changed', { before: ['a.example'], after: [] }],
  ]);
});

test('the listener for people moves when its port was taken meanwhile', async () => {
  const taken = await (await openPorts(folder, silentLog)).open('http', 0, listen);
  const moved = await (await openPorts(folder, silentLog)).open('http', 0, listen);
  expect(moved.port).not.toBe(taken.port);
});

test.each(['device', 'mqtt'] as const)('%s does not move, since boards know its port', async (name) => {
  const { port } = await (await openPorts(folder, silentLog)).open(name, 0, listen);
  await expect((await openPorts(folder, silentLog)).open(name, 0, listen)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(new RegExp(`port ${port}.*--${name}-port.*enrolled`)) });
});

test('a port that was asked for and is taken is a conflict that names it', async () => {
  const { port } = await listen(0);
  await expect((await openPorts(folder, silentLog)).open('http', port, listen)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`port ${port}`) });
});

test('another failure than a taken port stays what it was', async () => {
  const ports = await openPorts(folder, silentLog);
  await expect(ports.open('http', 0, () => Promise.reject(new Error('no certificate')))).rejects.toThrow('no certificate');
});

test('a damaged file of ports is refused by its name', async () => {
  await writeFile(join(folder, 'ports.json'), '{"http":"eighty"}');
  await expect(openPorts(folder, silentLog)).rejects.toThrow('ports.json');
});
