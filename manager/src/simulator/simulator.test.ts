import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimAct } from '@pier/shared/api';
import { silentLog, systemClock } from '@pier/shared/core';
import { type SimAnswer, SimRequest } from '@pier/shared/hardware';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/support/postgres.ts';
import { audit, device } from '../db/index.ts';
import { openSimulator } from './index.ts';

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let dir: string;
const servers: Server[] = [];
const actor = { name: 'olga', role: 'operator' } as const;
const asked: SimRequest[] = [];

type Answer = Extract<SimAnswer, { ok: boolean }>;
type Part = { readonly line?: number; readonly port?: string };

/** Speaks as a board does, of one line or one port. */
function answerOf(request: SimRequest, { line, port }: Part): Answer {
  const { id } = request;
  const path = `/boards/${port}`;
  if (request.op === 'hello') return { id, ok: true, hello: { profile: { model: 'raspberry-pi-4b', onRelease: 'input', serial: port === undefined ? [] : [{ path, name: port }], chips: [{ label: 'c', lines: [{ line: 1, name: 'ID_SD', reserved: 'EEPROM bus' }, { line: 2, name: 'GPIO2', headerPin: 3 }] }] }, records: 'cells.fifo' } };
  if (request.op === 'lines') return { id, ok: true, lines: line === undefined ? [] : [{ chip: 'c', line, name: 'L', level: 0, direction: 'in', consumer: 'EEPROM bus', edges: 0 }] };
  if (request.op === 'ports') return { id, ok: true, ports: [] };
  if (request.op === 'parts') return { id, ok: true, parts: [] };
  return request.op === 'plug' ? { id, ok: false, code: 'port-gone', message: 'no such plug' } : { id, ok: true };
}

async function board(id: string, part: Part = {}): Promise<void> {
  mkdirSync(join(dir, id));
  const server = createServer((peer) => {
    peer.on('error', () => {});
    createInterface({ input: peer }).on('line', (text) => {
      const request = SimRequest.parse(JSON.parse(text));
      asked.push(request);
      peer.write(`${JSON.stringify(answerOf(request, part))}\n`);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(join(dir, id, 'board.sock'), resolve));
}

const addDevice = async (id: string, { path, state = 'active', createdAt }: { path: string; state?: string; createdAt: Date }): Promise<void> =>
  void (await opened.db.insert(device).values({ id, name: id, model: 'm', profile: { model: 'm', serial: [{ path, name: 'p' }] }, state, keyId: `key-${id}`, createdAt }));

const open = (of: string | undefined = dir) => openSimulator({ dir: of, db: opened.db, clock: systemClock, log: silentLog });
const none = { params: undefined, query: undefined, body: undefined, actor };

beforeAll(async () => {
  opened = await openTestDatabase();
  dir = mkdtempSync(join(tmpdir(), 'pier-simulator-'));
});
afterAll(async () => {
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true, force: true });
  await opened[Symbol.asyncDispose]();
});

test('a manager that was shown no boards has none, and says how it is shown some', async () => {
  await using simulator = openSimulator({ dir: undefined, db: opened.db, clock: systemClock, log: silentLog });
  expect(await simulator.handlers.listSimBoards(none)).toEqual({ items: [] });
  const of = { ...none, params: { id: 'board' } };
  for (const answer of [simulator.handlers.getSimBoard(of), simulator.handlers.getSimRecording({ ...of, query: { limit: 1 } }), simulator.handlers.actOnSimBoard({ ...of, body: { act: 'plug', port: 'x' } })]) {
    await expect(answer).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('--simulator DIR') });
  }
});

test('a folder that is not there (yet) is no fault', async () => {
  await using simulator = open(join(dir, 'later'));
  expect(await simulator.handlers.listSimBoards(none)).toEqual({ items: [] });
});

test('its device is the last that enrolled with its ports and is still let in', async () => {
  await board('one', { port: 'one' });
  await board('two', { port: 'two' });
  await board('bare');
  await addDevice('old', { path: '/boards/one', createdAt: new Date(1_000) });
  await addDevice('new', { path: '/boards/one', createdAt: new Date(2_000) });
  await addDevice('revoked', { path: '/boards/one', state: 'revoked', createdAt: new Date(3_000) });
  await addDevice('other', { path: '/boards/one/more', createdAt: new Date(4_000) });
  await using simulator = open();
  const { items } = await simulator.handlers.listSimBoards(none);
  expect(items.map(({ id, device: holder }) => [id, holder])).toEqual([['bare', null], ['one', 'new'], ['two', null]]);
});

test('the kernel is no consumer: what is reserved says why, and what a header leads out says where', async () => {
  await board('lines', { line: 1 });
  await board('free', { line: 2 });
  await using simulator = open();
  const look = async (id: string) => (await simulator.handlers.getSimBoard({ ...none, params: { id } })).lines;
  expect(await look('lines')).toMatchObject([{ reserved: 'EEPROM bus', consumer: null, headerPin: null }]);
  expect(await look('free')).toMatchObject([{ reserved: null, consumer: 'EEPROM bus', headerPin: 3 }]);
});

test.each<[SimAct, object]>([
  [SimAct.parse({ act: 'press', part: 'b' }), { op: 'press', part: 'b', ms: 100 }],
  [{ act: 'level', line: 'GPIO4', level: 1 }, { op: 'outside', line: 'GPIO4', level: 1 }],
  [{ act: 'set-part', part: 'meter', values: { powerW: 1 } }, { op: 'part', name: 'meter', values: { powerW: 1 } }],
  [{ act: 'unplug', port: 'p' }, { op: 'unplug', port: 'p' }],
  [{ act: 'fault', port: 'p', fault: 'crc', count: 2 }, { op: 'serialFault', port: 'p', fault: 'crc', count: 2 }],
  [{ act: 'fault', port: 'p', fault: 'none' }, { op: 'serialFault', port: 'p', fault: 'none' }],
])('%j reaches the board in its own words, and the audit', async (body, order) => {
  if (!existsSync(join(dir, 'acted'))) await board('acted');
  await using simulator = open();
  asked.length = 0;
  expect(await simulator.handlers.actOnSimBoard({ ...none, params: { id: 'acted' }, body })).toMatchObject({ id: 'acted', answers: true });
  expect(asked[0]).toEqual({ id: 1, ...order });
  const { act, ...detail } = body;
  const rows = await opened.db.select().from(audit);
  expect(rows.at(-1)).toMatchObject({ actor: 'olga', action: `simulator.${act}`, object: 'simulated-board:acted', detail });
});

test('what the board refuses is passed on, and told to the audit as refused', async () => {
  await board('refusing');
  await using simulator = open();
  await expect(simulator.handlers.actOnSimBoard({ ...none, params: { id: 'refusing' }, body: { act: 'plug', port: 'x' } })).rejects.toMatchObject({ code: 'port-gone', message: 'no such plug' });
  expect((await opened.db.select().from(audit)).at(-1)).toMatchObject({ action: 'simulator.plug', object: 'simulated-board:refusing', detail: { port: 'x', refused: 'port-gone' } });
});

test('many who list at once are one question to each board, and the next list asks anew', async () => {
  await using simulator = open();
  const hellos = () => asked.filter(({ op }) => op === 'hello').length;
  asked.length = 0;
  const lists = await Promise.all(Array.from({ length: 30 }, () => simulator.handlers.listSimBoards(none)));
  const count = lists[0]?.items.length ?? 0;
  expect([hellos(), new Set(lists.map((list) => JSON.stringify(list))).size]).toEqual([count, 1]);
  await simulator.handlers.listSimBoards(none);
  expect(hellos()).toBe(2 * count);
});

test('a board that was stopped is listed as what it was, and its record is still there', async () => {
  await board('stopped', { port: 'two' });
  writeFileSync(join(dir, 'stopped', 'record.ndjson'), `${JSON.stringify({ tNs: '1', chip: 'c', line: 2, name: 'GPIO2', level: 1, direction: 'in', by: 'outside', consumer: null })}\n`);
  await using simulator = open();
  const find = async () => (await simulator.handlers.listSimBoards(none)).items.find(({ id }) => id === 'stopped');
  expect(await find()).toMatchObject({ model: 'raspberry-pi-4b', answers: true });
  rmSync(join(dir, 'stopped', 'board.sock'));
  servers.at(-1)?.close();
  await using later = open();
  expect((await later.handlers.listSimBoards(none)).items.find(({ id }) => id === 'stopped')).toEqual({ id: 'stopped', model: 'unknown', device: null, answers: false, parts: 0 });
  await expect(later.handlers.getSimBoard({ ...none, params: { id: 'stopped' } })).rejects.toMatchObject({ code: 'board-gone' });
  const { edges, nowNs, left } = await later.handlers.getSimRecording({ ...none, params: { id: 'stopped' }, query: { limit: 5 } });
  expect({ edges, left }).toMatchObject({ edges: [{ tNs: '1', name: 'GPIO2' }], left: 0 });
  expect(BigInt(nowNs) <= systemClock.monotonicNs()).toBe(true);
});
