/** Simulated boards through the manager's API: who looks at them, what they are told to do, and what a bad one can spoil. */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimAct, SimBoardDetail } from '@pier/shared/api';
import { AppName, type DeviceId, systemClock } from '@pier/shared/core';
import { exampleGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { type World, button, led, openWorld, rolloutIn, until } from '../support/world.ts';

let world: World;
let device: DeviceId;
const blink = AppName.parse('blink');

beforeAll(async () => {
  world = await openWorld();
  ({ device } = await world.enrol());
});
afterAll(() => world[Symbol.asyncDispose]());

const list = async () => (await world.api.call('listSimBoards', {})).items;
const look = (id = 'board'): Promise<SimBoardDetail> => world.api.call('getSimBoard', { params: { id } });
const act = (body: SimAct, id = 'board'): Promise<SimBoardDetail> => world.api.call('actOnSimBoard', { params: { id }, body });
const recording = (query: { after?: string; limit?: number } = {}, id = 'board') => world.api.call('getSimRecording', { params: { id }, query });
const lineOf = (detail: SimBoardDetail, name: string) => detail.lines.find((line) => line.name === name);
const inDir = (name: string): string => join(world.dir, name);

test('a board is listed with its model, its parts and the device whose agent enrolled on it', async () => {
  expect(await list()).toEqual([{ id: 'board', model: 'raspberry-pi-4b', device, answers: true, parts: 3 }]);
});

test('a board is shown as its own side sees it', async () => {
  const seen = await look();
  expect(seen.partList).toEqual([
    { name: 'led', kind: 'led', line: 'GPIO17', port: null, values: {} },
    { name: 'button', kind: 'button', line: 'GPIO27', port: null, values: {} },
    { name: 'meter', kind: 'modbus-meter', line: null, port: 'meter', values: expect.objectContaining({ voltageV: 230 }) },
  ]);
  expect(lineOf(seen, 'GPIO17')).toMatchObject({ line: 17, headerPin: 11, reserved: null, consumer: null });
  expect(seen.lines.filter((line) => line.reserved !== null).map((line) => line.consumer)).toEqual(expect.arrayContaining([null]));
  expect(seen.ports).toEqual([expect.objectContaining({ port: 'meter', plugged: true, part: 'meter', fault: 'none', path: `${world.board.dir}/serial/meter` })]);
});

/** So many changes one after the other are looked at together: a busy machine may bring two of them close to each other. */
const runOfEdges = 13;
/** The shortest mean time between two changes that the app made to its LED: 250 ms, but 50 after a press. */
function shortestGapMs(edges: readonly { name: string; by: string; tNs: string }[]): number {
  const times = edges.filter((edge) => edge.name === 'GPIO17' && edge.by === 'guest').map((edge) => Number(BigInt(edge.tNs) / 1_000_000n));
  return Math.min(...times.slice(runOfEdges - 1).map((time, index) => (time - (times[index] ?? 0)) / (runOfEdges - 1)));
}

const fasterMs = 150;

test('pressing the button makes the app act, and the record tells who did what, on this machine\'s time', async () => {
  await world.bind(device, blink, { led, button });
  await rolloutIn(world, await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...(await exampleGuest('blink')) }), device, { soakS: 0 }), ['completed']);
  expect(lineOf(await look(), 'GPIO17')).toMatchObject({ consumer: 'blink', direction: 'out' });
  await until('the app blinking', async () => (await recording({})).edges.filter((edge) => edge.by === 'guest').length >= runOfEdges || undefined);
  const { next, nowNs, edges } = await recording();
  expect(shortestGapMs(edges)).toBeGreaterThan(fasterMs);
  const pressed = await act({ act: 'press', part: 'button', ms: 5_000 });
  expect(lineOf(pressed, 'GPIO27')).toMatchObject({ level: 0 });
  const since = await until('the button let go, and the app blinking faster than it does unpressed', async () => {
    const seen = await recording({ after: next });
    const buttonEdges = seen.edges.filter((edge) => edge.name === 'GPIO27');
    return buttonEdges.length >= 2 && shortestGapMs(seen.edges) < fasterMs ? { ...seen, buttonEdges } : undefined;
  });
  expect(since.buttonEdges.map(({ level, by, direction }) => ({ level, by, direction }))).toEqual([{ level: 0, by: 'outside', direction: 'in' }, { level: 1, by: 'outside', direction: 'in' }]);
  for (const { tNs } of since.buttonEdges) expect(BigInt(tNs) > BigInt(nowNs) && BigInt(tNs) < BigInt(since.nowNs)).toBe(true);
  expect(Number(systemClock.monotonicNs() - BigInt(since.nowNs))).toBeLessThan(60e9);
  expect((await recording({ after: since.next, limit: 2_000 })).edges.some((edge) => edge.name === 'GPIO27')).toBe(false);
});

test('plugs, faults, levels and what a part measures are set, and each act is in the audit', async () => {
  expect((await act({ act: 'unplug', port: 'meter' })).ports[0]).toMatchObject({ plugged: false });
  await expect(act({ act: 'unplug', port: 'meter' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('not plugged in') });
  expect((await act({ act: 'plug', port: 'meter' })).ports[0]).toMatchObject({ plugged: true });
  expect((await act({ act: 'set-part', part: 'meter', values: { powerW: 460 } })).partList[2]?.values).toMatchObject({ powerW: 460, currentA: 2 });
  expect((await act({ act: 'fault', port: 'meter', fault: 'crc', count: 5 })).ports[0]).toMatchObject({ fault: 'crc', faultsLeft: 5 });
  expect((await act({ act: 'fault', port: 'meter', fault: 'none' })).ports[0]).toMatchObject({ fault: 'none', faultsLeft: null });
  expect(lineOf(await act({ act: 'level', line: 'GPIO4', level: 0 }), 'GPIO4')).toMatchObject({ level: 0, direction: 'in' });
  const { items } = await world.api.call('listAudit', { query: { object: 'simulated-board:board', limit: 7 } });
  expect(items.map(({ action, detail }) => ({ action, detail }))).toEqual([
    { action: 'simulator.level', detail: { line: 'GPIO4', level: 0 } },
    { action: 'simulator.fault', detail: { port: 'meter', fault: 'none' } },
    { action: 'simulator.fault', detail: { port: 'meter', fault: 'crc', count: 5 } },
    { action: 'simulator.set-part', detail: { part: 'meter', values: { powerW: 460 } } },
    { action: 'simulator.plug', detail: { port: 'meter' } },
    { action: 'simulator.unplug', detail: { port: 'meter', refused: 'conflict' } },
    { action: 'simulator.unplug', detail: { port: 'meter' } },
  ]);
});

test.each<[SimAct, string]>([
  [{ act: 'press', part: 'led', ms: 1 }, 'not-found'],
  [{ act: 'press', part: 'nothing', ms: 1 }, 'not-found'],
  [{ act: 'level', line: 'GPIO99', level: 1 }, 'line-unknown'],
  [{ act: 'set-part', part: 'led', values: { powerW: 1 } }, 'input-invalid'],
  [{ act: 'set-part', part: 'meter', values: { powerW: 1e12 } }, 'input-invalid'],
  [{ act: 'set-part', part: 'meter', values: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`v${n}`, n])) }, 'input-invalid'],
  [{ act: 'plug', port: 'x' }, 'not-found'],
])('what the board refuses is passed on: %j', async (body, code) => {
  await expect(act(body)).rejects.toMatchObject({ code });
});

test('a viewer looks and does not touch', async () => {
  const viewer = await world.addPerson('vera', 'viewer');
  expect((await viewer.api.call('listSimBoards', {})).items).toHaveLength(1);
  expect((await viewer.api.call('getSimRecording', { params: { id: 'board' }, query: { limit: 1 } })).edges).toHaveLength(1);
  await expect(viewer.api.call('actOnSimBoard', { params: { id: 'board' }, body: { act: 'press', part: 'button', ms: 1 } })).rejects.toMatchObject({ code: 'forbidden' });
});

test.each(['nobody', 'logs', 'manager', '../board', 'board/../board', '%2e%2e', 'linked'])('"%s" is no board', async (id) => {
  rmSync(inDir('linked'), { force: true });
  symlinkSync(world.board.dir, inDir('linked'));
  await expect(look(id)).rejects.toMatchObject({ code: 'not-found' });
  await expect(recording({}, id)).rejects.toMatchObject({ code: 'not-found' });
  await expect(act({ act: 'plug', port: 'meter' }, id)).rejects.toMatchObject({ code: 'not-found' });
  expect((await list()).map((board) => board.id)).toEqual(['board']);
});

describe('with a second board', () => {
  beforeAll(async () => void (await world.stage.startBoard({ name: 'late', model: 'raspberry-pi-5' })));
  /** The board itself, a child of what was started. */
  const second = () => processesOf(inDir('late.json')).filter(({ command }) => command.includes('firmware-sim'));
  const signalTo = (signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void => signalAll(second(), signal);

  test('one that comes later is there; many act on both at once', async () => {
    expect((await list()).map(({ id, model, device: holder }) => ({ id, model, holder }))).toEqual([{ id: 'board', model: 'raspberry-pi-4b', holder: device }, { id: 'late', model: 'raspberry-pi-5', holder: null }]);
    const done = await Promise.all(Array.from({ length: 20 }, (_, n) => act({ act: 'set-part', part: 'meter', values: { powerW: n } }, n % 2 === 0 ? 'board' : 'late')));
    expect(done.map((one) => one.id)).toEqual(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 'board' : 'late')));
  });

  test('one that hangs is said not to answer, and holds up nobody', async () => {
    expect(second()).toHaveLength(1);
    signalTo('SIGSTOP');
    try {
      const hanging = Promise.all(Array.from({ length: 12 }, () => look('late').catch((error: unknown) => error)));
      expect((await look()).answers).toBe(true);
      for (const error of await hanging) expect(error).toMatchObject({ code: expect.stringMatching(/hardware-fault|board-gone/) });
      expect(await list()).toMatchObject([{ id: 'board', answers: true }, { id: 'late', model: 'raspberry-pi-5', answers: false, parts: 3 }]);
    } finally {
      signalTo('SIGCONT');
    }
    await until('it answers again', () => look('late').then((seen) => seen.answers, () => undefined));
  });

  test('one that is killed is gone for those who ask, keeps its record, and comes back as the same', async () => {
    await act({ act: 'press', part: 'button', ms: 1 }, 'late');
    await until('its record', async () => (await recording({}, 'late')).edges.length >= 2 || undefined);
    const { next } = await recording({}, 'late');
    signalTo('SIGKILL');
    await until('its end', () => second().length === 0 || undefined);
    await expect(act({ act: 'press', part: 'button', ms: 1 }, 'late')).rejects.toMatchObject({ code: 'board-gone' });
    expect(await list()).toMatchObject([{ id: 'board' }, { id: 'late', answers: false }]);
    expect((await recording({}, 'late')).edges).toHaveLength(2);
    await world.stage.startBoard({ name: 'late', model: 'raspberry-pi-5' });
    await act({ act: 'level', line: 'button', level: 0 }, 'late');
    expect(await recording({ after: next }, 'late')).toMatchObject({ edges: [{ name: 'GPIO27', level: 0, by: 'outside' }], left: 0 });
  });
});

test('a folder whose socket and record are nonsense breaks nothing', async () => {
  await world.stage.startBoard({ name: 'evil' }).then(({ process }) => process[Symbol.asyncDispose]());
  const flood = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(`${'{"edge":{"watch":1,"tNs":"1","seq":1,"lost":0,"level":1}}\n'.repeat(1_000)}{"id":1,"ok":false,"code":"unauthenticated","message":"log in"}\n`));
  });
  await new Promise<void>((resolve) => void flood.listen(join(inDir('evil'), 'board.sock'), resolve));
  writeFileSync(join(inDir('evil'), 'record.ndjson'), `nonsense\n{"tNs":"x"}\n${'a'.repeat(3 << 20)}\n[]\n{"half`);
  await expect(look('evil')).rejects.toMatchObject({ code: expect.stringMatching(/board-gone|hardware-fault/) });
  expect((await list()).find((board) => board.id === 'evil')).toMatchObject({ answers: false });
  const tail = await recording({}, 'evil');
  expect(tail).toMatchObject({ edges: [], left: 4 });
  expect(await recording({ after: tail.next }, 'evil')).toMatchObject({ edges: [], left: 0, next: tail.next });
  await expect(recording({ after: '../1' }, 'evil')).rejects.toMatchObject({ code: 'input-invalid' });
  await new Promise((resolve) => flood.close(resolve));
  expect((await look()).answers).toBe(true);
});
