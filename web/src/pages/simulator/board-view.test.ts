import { describe, expect, test } from 'vitest';
import { SimBoardDetail } from '@pier/shared/api';
import { Bindings } from '@pier/shared/capability';
import { AppName } from '@pier/shared/core';
import { type SimLine, activeFaults, holdersOf, readings, usesOf, wiredOf } from './board-view.ts';

const line = (n: number, headerPin: number | null, more: Partial<SimLine> = {}): SimLine => ({ chip: 'pinctrl-bcm2711', line: n, name: `GPIO${n}`, headerPin, reserved: null, level: 0, direction: 'in', consumer: null, edges: 0, ...more });
const port = (name: string, more: object = {}): unknown => ({ port: name, path: `/boards/b/serial/${name}`, plugged: true, part: name, baud: 9_600, fault: 'none', faultsLeft: null, bytesIn: 0, bytesOut: 0, frames: 0, crcErrors: 0, answers: 0, ...more });
const board = SimBoardDetail.parse({
  id: 'b', model: 'raspberry-pi-4b', device: null, answers: true, parts: 3, at: '2026-11-20T10:00:00.000Z',
  lines: [line(4, 7), line(22, 15, { consumer: 'blink', direction: 'out' }), line(17, 11, { consumer: 'blink', direction: 'out', level: 1 }), line(18, 12), line(27, 13)],
  ports: [port('meter', { fault: 'crc', faultsLeft: 2 }), port('plug', { plugged: false, fault: 'silent' })],
  partList: [
    { name: 'led', kind: 'led', line: 'GPIO17', port: null, values: {} },
    { name: 'button', kind: 'button', line: 'GPIO18', port: null, values: {} },
    { name: 'meter', kind: 'modbus-meter', line: null, port: 'meter', values: { powerW: 5 } },
  ],
});
const bindings = {
  [AppName.parse('blink')]: Bindings.parse({ lamp: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17 } }),
  [AppName.parse('meter')]: Bindings.parse({ power: { kind: 'serial', path: '/boards/b/serial/meter' } }),
};

describe('what hangs on a board', () => {
  test('is its parts and the lines that apps hold, in the order of pins, ports last', () => {
    expect(wiredOf(board, bindings).map(({ name }) => name)).toEqual(['led', 'button', 'GPIO22', 'meter', 'plug']);
  });

  test('stands on the side of its pin, ports where there is more room', () => {
    expect(wiredOf(board, bindings).map(({ side }) => side)).toEqual(['left', 'right', 'left', 'right', 'left']);
  });

  test('is named by the label of the app that holds it, where its bindings tell', () => {
    const wired = wiredOf(board, bindings);
    expect(wired.find(({ name }) => name === 'led')?.holding).toEqual({ app: 'blink', label: 'lamp' });
    expect(wired.find(({ name }) => name === 'GPIO22')?.holding).toEqual({ app: 'blink', label: undefined });
    expect(wired.find(({ name }) => name === 'meter')?.holding).toEqual({ app: 'meter', label: 'power' });
    expect(wired.find(({ name }) => name === 'button')?.holding).toBeUndefined();
    expect(holdersOf(wired)).toEqual(['blink', 'meter']);
  });

  test('fills the pads of held lines only', () => {
    expect(usesOf(wiredOf(board, bindings)).map(({ name, label, level }) => [name, label, level])).toEqual([['GPIO17', 'lamp', 1], ['GPIO22', 'GPIO22', 0]]);
  });
});

test('who holds a port is not said where no device tells it; who holds a line the board tells itself', () => {
  const told = wiredOf(board, undefined).map(({ name, isTold }) => [name, isTold]);
  expect(told).toEqual([['led', true], ['button', true], ['GPIO22', true], ['meter', false], ['plug', false]]);
});

test('faults that are on are listed with pulled plugs first, each fault of a port of its own', () => {
  expect(activeFaults(board.ports)).toEqual([{ port: 'plug', what: 'unplugged' }, { port: 'meter', what: 'crc', left: 2 }, { port: 'plug', what: 'silent', left: null }]);
  expect(activeFaults([])).toEqual([]);
});

test('readings carry the unit that their names end with, and one without a unit is shown as it is', () => {
  expect(readings({ powerW: 5, energyKwh: 1, frequencyHz: 50, level: 3 }).map(({ words, unit }) => `${words} ${unit}`)).toEqual(['Power W', 'Energy kWh', 'Frequency Hz', 'Level ']);
});
