import { describe, expect, test } from 'vitest';
import { type Pin, boardOf, cpuShare, lineRows, lineUses, nowWords, portRows } from './facts.ts';
import { device as deviceOf, release } from './testing.ts';

const profile = {
  model: 'raspberry-pi-5',
  chips: [{ label: 'pinctrl', lines: [{ line: 17, name: 'GPIO17', headerPin: 11 }, { line: 22, name: 'GPIO22', headerPin: 15 }, { line: 27, name: 'GPIO27', headerPin: 13 }, { line: 0, name: 'ID_SDA', headerPin: 27, reserved: 'EEPROM' }] }],
  serial: [{ path: '/dev/ttyUSB0', name: 'meter' }, { path: '/dev/ttyAMA0', name: 'console', reserved: 'console' }],
  onRelease: 'input',
};
const bindings = {
  blink: { led: { kind: 'gpio' as const, chip: 'pinctrl', line: 17, modes: ['out' as const] }, siren: { kind: 'gpio' as const, chip: 'pinctrl', line: 22, modes: ['out' as const], safe: 'keep' as const } },
  meter: { port: { kind: 'serial' as const, path: '/dev/ttyUSB0' }, old: { kind: 'serial' as const, path: '/dev/ttyUSB9' } },
};
const device = deviceOf({ bindings });
const releases = new Map([['blink', release({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive', active: 'low' }] })]]);
const pin = (over: Partial<Pin>): Pin => ({ chip: 'pinctrl', line: 17, name: 'GPIO17', app: 'blink' as Pin['app'], label: 'led', direction: 'out', level: 1, edges: 3, ...over });

describe('the board', () => {
  test('is read from what the agent told, more than this page knows or not', () => {
    const board = boardOf({ ...profile, newer: 1 });
    expect(board?.lines.map(({ chip, name }) => `${chip} ${name}`)).toEqual(['pinctrl GPIO17', 'pinctrl GPIO22', 'pinctrl GPIO27', 'pinctrl ID_SDA']);
    expect(board?.onRelease).toBe('input');
  });
  test('is unknown where nothing was told, or nothing that can be read', () => {
    for (const odd of [null, {}, 'pi', { chips: 'none' }]) expect(boardOf(odd)).toBeUndefined();
    expect(boardOf({ chips: [], serial: 7, onRelease: 'explode' })).toEqual({ chips: [], lines: [], ports: [], onRelease: undefined });
  });
});

describe('lines', () => {
  const board = boardOf(profile);
  test('stand in the order of the header, held or only bound, each with its safe level', () => {
    const rows = lineRows(device, board, { pins: [pin({})], releases });
    expect(rows.map((row) => [row.name, row.label, nowWords(row), row.safe])).toEqual([['GPIO17', 'led', 'out H', 'high'], ['GPIO22', 'siren', 'not held', 'keep']]);
  });
  test('what a guest holds without a binding is shown as well', () => {
    const rows = lineRows(device, board, { pins: [pin({ line: 27, name: 'GPIO27', label: 'button', direction: 'in', level: 0 })], releases });
    expect(rows.map((row) => [row.name, nowWords(row)])).toEqual([['GPIO17', 'not held'], ['GPIO27', 'in L'], ['GPIO22', 'not held']]);
  });
  test('the safe level of an output whose ask is unknown is not guessed', () => {
    expect(lineRows(device, board, { pins: [], releases: new Map() })[0]?.safe).toBeUndefined();
  });
  test('of two apps on one line the drawing shows the one that holds it, and no level where nobody does', () => {
    const twice = deviceOf({ bindings: { ...bindings, alarm: { bell: bindings.blink.led } } });
    const uses = lineUses(lineRows(twice, board, { pins: [pin({})], releases }));
    expect(uses.findLast(({ name }) => name === 'GPIO17')).toMatchObject({ app: 'blink', level: 1 });
    expect(uses.find(({ name }) => name === 'GPIO22')?.level).toBeUndefined();
  });
});

test('ports are those of the board with who is bound to them, and those that are bound and gone', () => {
  expect(portRows(device, boardOf(profile)).map(({ name, app, reserved }) => [name, app, reserved])).toEqual([['meter', 'meter', undefined], ['console', undefined, 'console'], ['ttyUSB9', 'meter', undefined]]);
});

test('the processor is shared by time since the start, and by nothing before there is any', () => {
  const seenAt = '2026-11-20T00:01:40.000Z';
  expect(cpuShare({ cpuMs: 1_000, sinceMs: Date.parse('2026-11-20T00:00:00.000Z'), seenAt })).toBeCloseTo(0.01);
  expect(cpuShare({ cpuMs: 1_000, sinceMs: Date.parse(seenAt), seenAt })).toBeUndefined();
  expect(cpuShare({ cpuMs: 1_000, sinceMs: undefined, seenAt })).toBeUndefined();
});
