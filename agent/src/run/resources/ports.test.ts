import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppName, silentLog, systemClock, toFault } from '@pier/shared/core';
import { Asks, type SerialGrant } from '@pier/shared/capability';
import type { Board, SerialPort } from '@pier/shared/hardware';
import { until } from '../../../testing/run-stage.ts';
import { type SiteBoard, startBoard } from '../../../testing/site.ts';
import { openSimBoard } from '../../hardware/index.ts';
import { PortNews, createLeases, openPorts } from './index.ts';

const app = AppName.parse('meter');
const other = AppName.parse('other');
const signal = new AbortController().signal;
let folder: string;
let site: SiteBoard;
let board: Board;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pier-ports-'));
  site = await startBoard(folder, [{ part: 'serial-echo', name: 'echo', port: 'ttyUSB0' }]);
  board = await openSimBoard({ dir: site.dir, clock: systemClock }, signal);
});
afterEach(async () => {
  await board[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const pathOf = (): string => board.profile.serial.find(({ path }) => path.endsWith('ttyUSB0'))?.path ?? 'none';
const grant = (path = pathOf(), label = 'bus'): SerialGrant => ({ ask: Asks.parse({ serial: [{ label, baud: [9_600] }] }).serial.map((ask) => ask)[0] ?? fail(), path });
const fail = (): never => {
  throw new Error('no ask');
};

function open() {
  const told: string[] = [];
  const news = new PortNews({ clock: systemClock, tell: (type, { code }) => told.push(`${type} ${code ?? ''}`) });
  const leases = createLeases();
  const portsOf = (name: AppName, ...serial: SerialGrant[]) => openPorts({ serial }, { app: name, board, leases, news, clock: systemClock, log: silentLog }, signal);
  return { told, leases, portsOf };
}

/** Whether the port is free: opened and closed again by somebody else. */
async function isFree(): Promise<boolean> {
  try {
    await using port: SerialPort = await board.openSerial({ path: pathOf(), settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'test', onData: () => {}, onGone: () => {} }, signal);
    return port.path === pathOf();
  } catch (cause) {
    if (toFault(cause).code === 'port-busy') return false;
    throw cause;
  }
}

test('a port that is there is open before anything starts, and closed with its lease afterwards', async () => {
  const { told, leases, portsOf } = open();
  const ports = await portsOf(app, grant());
  expect([...ports.byLabel.keys()]).toEqual(['bus']);
  expect(await isFree()).toBe(false);
  expect(leases.conflict(other, { gpio: [], serial: [grant()] })).toMatchObject({ code: 'port-busy', holder: 'meter' });
  await ports[Symbol.asyncDispose]();
  expect(await isFree()).toBe(true);
  expect(leases.conflict(other, { gpio: [], serial: [grant()] })).toBeUndefined();
  expect(told).toEqual([]);
});

test('a port that is unplugged and plugged in again comes back by itself, and both are told', async () => {
  const { told, portsOf } = open();
  await using ports = await portsOf(app, grant());
  await site.order({ op: 'unplug', port: 'ttyUSB0' });
  await until('gone told', () => told.includes('port.gone port-gone'));
  await site.order({ op: 'plug', port: 'ttyUSB0' });
  await until('back told', () => told.includes('port.back '));
  expect(await isFree()).toBe(false);
  expect(told).toEqual(['port.gone port-gone', 'port.back ']);
  expect(ports.byLabel.size).toBe(1);
});

test('a port that is not there keeps nobody from starting, and is taken when it comes', async () => {
  const { told, portsOf } = open();
  await site.order({ op: 'unplug', port: 'ttyUSB0' });
  await using ports = await portsOf(app, grant());
  expect(ports.byLabel.size).toBe(1);
  expect(told).toEqual(['port.gone port-unknown']);
  await site.order({ op: 'plug', port: 'ttyUSB0' });
  await until('back told', () => told.includes('port.back '));
  expect(await isFree()).toBe(false);
});

test('a port that another program has is waited for', async () => {
  const { told, portsOf } = open();
  const port = await board.openSerial({ path: pathOf(), settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'test', onData: () => {}, onGone: () => {} }, signal);
  await using _ports = await portsOf(app, grant());
  expect(told).toEqual(['port.gone port-busy']);
  await port[Symbol.asyncDispose]();
  await until('back told', () => told.includes('port.back '));
});

test('one port under two labels is refused, naming both, and nothing stays open', async () => {
  const { portsOf } = open();
  await expect(portsOf(app, grant(), grant(pathOf(), 'twin'))).rejects.toMatchObject({ code: 'port-busy', message: expect.stringMatching(/"bus" and "twin"/) });
  expect(await isFree()).toBe(true);
});

test('without a board nothing starts', async () => {
  const { portsOf } = open();
  await site[Symbol.asyncDispose]();
  await until('gone', () => board.gone.aborted);
  await expect(portsOf(app, grant('/dev/ttyUSB0'))).rejects.toMatchObject({ code: 'board-gone' });
});

test('a stop while a port is being waited for is at once', async () => {
  const { portsOf } = open();
  await site.order({ op: 'unplug', port: 'ttyUSB0' });
  const ports = await portsOf(app, grant());
  await systemClock.sleep(600);
  await ports[Symbol.asyncDispose]();
  await site.order({ op: 'plug', port: 'ttyUSB0' });
  expect(await isFree()).toBe(true);
});

test('a port that came back while nobody was there is told when the next guest opens it', async () => {
  const { told, portsOf } = open();
  await site.order({ op: 'unplug', port: 'ttyUSB0' });
  await (await portsOf(app, grant()))[Symbol.asyncDispose]();
  await site.order({ op: 'plug', port: 'ttyUSB0' });
  await using ports = await portsOf(app, grant());
  expect(told).toEqual(['port.gone port-unknown', 'port.back ']);
  expect(ports.byLabel.size).toBe(1);
});
