import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppName } from '@pier/shared/core';
import { Asks, Bindings, type Grant, emptyGrant } from '@pier/shared/capability';
import { BoardProfile } from '@pier/shared/hardware';
import { createLeases, isNamed, reservedPortNames } from './index.ts';

const blink = AppName.parse('blink');
const other = AppName.parse('other');
const lines = (...numbers: number[]): Grant => ({
  ...emptyGrant,
  gpio: Asks.parse({ gpio: numbers.map((line) => ({ label: `line-${line}`, mode: 'out', safe: 'inactive' })) }).gpio.map((ask, index) => ({ ask, at: { chip: 'pinctrl-bcm2711', line: numbers[index] ?? 0 }, safe: 'low' })),
});

describe('a lease', () => {
  test('keeps a line for one app, and names who has it', () => {
    const leases = createLeases();
    leases.take(blink, lines(17));
    expect(leases.conflict(other, lines(4, 17))).toMatchObject({ code: 'line-busy', holder: 'blink', what: 'pinctrl-bcm2711 line 17' });
    expect(() => leases.take(other, lines(4, 17))).toThrow(expect.objectContaining({ code: 'line-busy', message: expect.stringContaining('"blink"') }));
  });

  test('that is refused takes nothing: the lines that were free stay free', () => {
    const leases = createLeases();
    leases.take(blink, lines(17));
    expect(() => leases.take(other, lines(4, 17))).toThrow('"blink"');
    expect(leases.conflict(AppName.parse('third'), lines(4))).toBeUndefined();
  });

  test('is in nobody\u2019s way at another line, and not in its own app\u2019s', () => {
    const leases = createLeases();
    leases.take(blink, lines(17));
    expect(leases.conflict(other, lines(4))).toBeUndefined();
    expect(leases.conflict(blink, lines(17))).toBeUndefined();
  });

  test('that ends frees its lines', () => {
    const leases = createLeases();
    leases.take(blink, lines(17))[Symbol.dispose]();
    expect(leases.conflict(other, lines(17))).toBeUndefined();
  });
});

describe('a serial port', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pier-leases-'));
    writeFileSync(join(folder, 'ttyS0'), '');
    symlinkSync('ttyS0', join(folder, 'serial0'));
    symlinkSync('ttyUSB0', join(folder, 'meter'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  const port = (name: string): Grant => ({ ...emptyGrant, serial: Asks.parse({ serial: [{ label: 'meter', baud: [9_600] }] }).serial.map((ask) => ({ ask, path: path(name) })) });

  test('is one port under all its names', () => {
    const leases = createLeases();
    leases.take(blink, port('ttyS0'));
    expect(leases.conflict(other, port('serial0'))).toMatchObject({ code: 'port-busy', holder: 'blink', what: `${path('serial0')} (${path('ttyS0')})` });
    expect(() => leases.take(other, port('serial0'))).toThrow(expect.objectContaining({ code: 'port-busy', message: expect.stringContaining('"blink"') }));
    expect(leases.conflict(other, port('ttyS1'))).toBeUndefined();
  });

  test('that is not there is kept under its name, and what that name comes to mean is taken when it is opened', () => {
    const leases = createLeases();
    leases.take(blink, port('meter'));
    expect(leases.conflict(other, port('meter'))).toMatchObject({ holder: 'blink' });
    leases.take(other, port('ttyUSB0'));
    writeFileSync(path('ttyUSB0'), '');
    expect(() => leases.takePort(blink, path('meter'))).toThrow(expect.objectContaining({ code: 'port-busy', message: expect.stringContaining('"other"') }));
  });

  test('that was there and is unplugged is still its app\u2019s, under its name', () => {
    const leases = createLeases();
    writeFileSync(path('ttyUSB0'), '');
    leases.take(blink, port('meter'));
    rmSync(path('ttyUSB0'));
    rmSync(path('meter'));
    expect(leases.conflict(other, port('meter'))).toMatchObject({ holder: 'blink' });
  });

  test('that its holder is bound to no more is about to be free', () => {
    const leases = createLeases();
    leases.take(blink, { ...port('ttyS0'), gpio: lines(17).gpio });
    const [busyPort, busyLine] = [leases.conflict(other, port('serial0')), leases.conflict(other, lines(17))];
    const bound = Bindings.parse({ a: { kind: 'serial', path: path('serial0') }, b: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17 } });
    const elsewhere = Bindings.parse({ a: { kind: 'serial', path: path('ttyS1') }, b: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 18 }, c: { kind: 'storage', maxBytes: 1 } });
    expect([busyPort && isNamed(busyPort, bound), busyLine && isNamed(busyLine, bound)]).toEqual([true, true]);
    expect([busyPort && isNamed(busyPort, elsewhere), busyLine && isNamed(busyLine, elsewhere)]).toEqual([false, false]);
  });

  test('that an app holds by its grant and as an open port is free when both have ended', () => {
    const leases = createLeases();
    const grant = leases.take(blink, port('ttyS0'));
    const open = leases.takePort(blink, path('ttyS0'));
    grant[Symbol.dispose]();
    grant[Symbol.dispose]();
    expect(leases.conflict(other, port('serial0'))).toMatchObject({ holder: 'blink' });
    open[Symbol.dispose]();
    expect(leases.conflict(other, port('serial0'))).toBeUndefined();
  });

  test('that the board reserves is reserved under the names that bindings have for it', () => {
    const profile = BoardProfile.parse({ model: 'toy', chips: [{ label: 'c', lines: [] }], serial: [{ path: path('ttyS0'), name: 'console', reserved: 'console' }, { path: path('ttyS1'), name: 'free' }], onRelease: 'keep' });
    const bindings = Bindings.parse({ a: { kind: 'serial', path: path('serial0') }, b: { kind: 'serial', path: path('ttyS1') } });
    expect(reservedPortNames(profile, bindings)).toEqual([path('ttyS0'), path('serial0')]);
  });
});
