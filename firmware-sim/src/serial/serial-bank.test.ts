import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Verdict, systemClock } from '@pier/shared/core';
import { BoardFile } from '@pier/shared/hardware';
import { expect, test } from 'vitest';
import { SerialBank, profilePorts } from './index.ts';

const { parts } = BoardFile.parse({
  model: 'raspberry-pi-5',
  parts: [{ part: 'led', name: 'led', line: 'GPIO17' }, { part: 'modbus-meter', name: 'meter', port: 'meter0' }, { part: 'serial-echo', name: 'echo', port: 'echo0' }],
});

async function makeBank(of = parts) {
  const base = mkdtempSync(join(tmpdir(), 'pier-bank-'));
  const dir = join(base, 'serial');
  const bank = await SerialBank.open({ parts: of, dir, clock: systemClock, random: () => 0.5 });
  const dispose = (): void => {
    bank[Symbol.dispose]();
    rmSync(base, { recursive: true, force: true });
  };
  return { base, dir, bank, [Symbol.dispose]: dispose };
}

const refusalOf = (verdict: Verdict<object>) => (verdict.ok ? undefined : verdict.refusal);
const portsOf = (bank: SerialBank): unknown => {
  const listed = bank.ports();
  return listed.ok ? listed.value : undefined;
};

test('each serial part has a link to a terminal of its own, as the profile says', async () => {
  using made = await makeBank();
  const ports = profilePorts(parts, made.dir);
  expect(ports).toEqual([{ path: join(made.dir, 'meter0'), name: 'meter0' }, { path: join(made.dir, 'echo0'), name: 'echo0' }]);
  const devices = ports.map((port) => readlinkSync(port.path));
  expect(new Set(devices).size).toBe(2);
  for (const device of devices) expect(device).toMatch(/^\/dev\/pts\/\d+$/);
  expect(portsOf(made.bank)).toMatchObject({ ports: [{ port: 'meter0', device: devices[0], part: 'meter', kind: 'modbus-meter', values: { voltageV: 230 } }, { port: 'echo0', device: devices[1], values: {} }] });
});

test('every part is told: on which line or port it is, and what it measures now', async () => {
  using made = await makeBank();
  made.bank.part({ op: 'part', name: 'meter', values: { powerW: 460, energyKwh: 7 } });
  made.bank.unplug({ op: 'unplug', port: 'meter0' });
  const told = made.bank.parts();
  expect(told.ok && told.value).toEqual({
    parts: [
      { name: 'led', kind: 'led', line: 'GPIO17', port: null, values: {} },
      { name: 'meter', kind: 'modbus-meter', line: null, port: 'meter0', values: expect.objectContaining({ powerW: 460, currentA: 2 }) },
      { name: 'echo', kind: 'serial-echo', line: null, port: 'echo0', values: {} },
    ],
  });
});

test('pulling a plug takes the link and the terminal away; plugging it in makes another', async () => {
  using made = await makeBank();
  const before = readlinkSync(join(made.dir, 'echo0'));
  expect(made.bank.unplug({ op: 'unplug', port: 'echo0' }).ok).toBe(true);
  expect(readdirSync(made.dir)).toEqual(['meter0']);
  expect(refusalOf(made.bank.unplug({ op: 'unplug', port: 'echo0' }))).toMatchObject({ code: 'conflict' });
  expect(made.bank.plug({ op: 'plug', port: 'echo0' }).ok).toBe(true);
  expect(readlinkSync(join(made.dir, 'echo0'))).not.toBe(before);
  expect(refusalOf(made.bank.plug({ op: 'plug', port: 'echo0' }))).toMatchObject({ code: 'conflict' });
  expect(readdirSync(made.dir).toSorted()).toEqual(['echo0', 'meter0']);
});

test('what is not there is refused by name, with what is', async () => {
  using made = await makeBank();
  expect(refusalOf(made.bank.plug({ op: 'plug', port: 'x' }))).toEqual({ code: 'not-found', reason: 'this board has no port "x"; it has meter0, echo0' });
  expect(refusalOf(made.bank.serialFault({ op: 'serialFault', port: 'x', fault: 'crc' }))).toMatchObject({ code: 'not-found' });
  expect(refusalOf(made.bank.part({ op: 'part', name: 'x', values: { powerW: 1 } }))).toMatchObject({ code: 'not-found', reason: expect.stringContaining('led, meter, echo') });
  expect(refusalOf(made.bank.part({ op: 'part', name: 'led', values: { powerW: 1 } }))).toMatchObject({ code: 'input-invalid' });
  expect(refusalOf(made.bank.part({ op: 'part', name: 'meter', values: { powerW: Number.NaN } }))).toMatchObject({ code: 'input-invalid' });
});

test('links that a killed board left are gone, and a board without ports has no folder for them', async () => {
  const base = mkdtempSync(join(tmpdir(), 'pier-bank-'));
  const dir = join(base, 'serial');
  mkdirSync(dir);
  symlinkSync('/dev/pts/999', join(dir, 'old'));
  using bank = await SerialBank.open({ parts: [], dir, clock: systemClock, random: () => 0.5 });
  expect(existsSync(dir)).toBe(false);
  expect(portsOf(bank)).toEqual({ ports: [] });
  rmSync(base, { recursive: true });
});
