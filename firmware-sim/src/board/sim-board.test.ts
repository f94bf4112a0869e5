import { BoardFile, BoardProfile, type Level, findLine, reservedLines } from '@pier/shared/hardware';
import { describe, expect, test } from 'vitest';
import { type SimBoard, applyWrites, driveOutside, heldPin, linesOf, makeBoard, openPin, pinsOf, pressPart, recordOf, releasePin, setPin } from './index.ts';

const chip = 'pinctrl-bcm2711';
const parts = [{ part: 'led', name: 'led', line: 'GPIO17' }, { part: 'button', name: 'button', line: 'GPIO22' }, { part: 'button', name: 'bell', line: 'GPIO23', pressed: 'high' }];
const boardOf = (file: object = {}): SimBoard => makeBoard(BoardFile.parse({ model: 'raspberry-pi-4b', parts, ...file }));
const levelOf = (board: SimBoard, name: string): Level | undefined => linesOf(board).find((line) => line.name === name)?.level;
const owner = { connection: 1 };

function open(board: SimBoard, line: number, request: { direction?: 'in' | 'out'; bias?: 'up' | 'down' | 'none'; initial?: Level; owner?: object } = {}) {
  const opened = openPin(board, { at: { chip, line }, direction: 'out', consumer: 'blink', owner, ...request }, 10n);
  if (!opened.ok) throw new Error(opened.refusal.reason);
  return opened.value;
}

describe('a Raspberry Pi 4B', () => {
  const { profile } = boardOf();

  test('has the chips, lines and names that Linux shows', () => {
    expect(BoardProfile.parse(profile)).toEqual(profile);
    expect(profile.chips.map((one) => [one.label, one.lines.length])).toEqual([[chip, 58], ['raspberrypi-exp-gpio', 8]]);
    const names = [0, 1, 2, 27, 28, 42, 57].map((line) => findLine(profile, { chip, line })?.name);
    expect(names).toEqual(['ID_SDA', 'ID_SCL', 'GPIO2', 'GPIO27', 'RGMII_MDIO', 'STATUS_LED_G_CLK', 'RGMII_TXD3']);
    const all = profile.chips.flatMap((one) => one.lines.map((line) => line.name));
    expect(new Set(all).size).toBe(all.length);
  });

  test('leads lines 0 to 27 out to 28 different pins of the header, none of them power or ground', () => {
    const pins = profile.chips.flatMap((one) => one.lines.flatMap((line) => (line.headerPin === undefined ? [] : [line.headerPin])));
    expect(new Set(pins).size).toBe(28);
    expect(pins.filter((pin) => [1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39].includes(pin))).toEqual([]);
    expect([17, 4, 21, 2].map((line) => findLine(profile, { chip, line })?.headerPin)).toEqual([11, 7, 40, 3]);
  });

  test('keeps the EEPROM bus, the on-board lines and the expander to itself', () => {
    const reserved = reservedLines(profile);
    expect(reserved.filter((line) => line.chip === chip).map((line) => line.line)).toEqual([0, 1, ...Array.from({ length: 30 }, (_, index) => 28 + index)]);
    expect(reserved.filter((line) => line.chip !== chip)).toHaveLength(8);
  });

  test('comes out of reset with its pulls: up for GPIO0 to 8, down above', () => {
    const board = boardOf({ parts: [] });
    expect([2, 8, 9, 27].map((line) => levelOf(board, `GPIO${line}`))).toEqual([1, 1, 0, 0]);
  });
});

describe('a board file', () => {
  test('with a part on a line that is not there, not free or taken is refused by name', () => {
    const on = (line: string, name = 'x') => ({ part: 'led', name, line });
    expect(() => boardOf({ parts: [on('GPIO99')] })).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('GPIO99') }));
    expect(() => boardOf({ parts: [on('ID_SDA')] })).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(() => boardOf({ parts: [on('GPIO5', 'a'), on('GPIO5', 'b')] })).toThrow(/share the line "GPIO5"/);
    expect(() => boardOf({ parts: [on('GPIO5'), on('GPIO6')] })).toThrow(/share the name "x"/);
  });
});

describe('holding', () => {
  test('reserved, unknown and held lines are refused with code and reason', () => {
    const board = boardOf();
    open(board, 17);
    const refusal = (at: { chip: string; line: number }) => {
      const opened = openPin(board, { at, direction: 'in', consumer: 'thief', owner: {} }, 20n);
      return opened.ok ? undefined : opened.refusal;
    };
    expect(refusal({ chip, line: 17 })).toEqual({ code: 'line-busy', reason: 'GPIO17 (pinctrl-bcm2711 line 17) is held by "blink"' });
    expect(refusal({ chip, line: 0 })).toMatchObject({ code: 'line-reserved', reason: expect.stringContaining('EEPROM') });
    expect(refusal({ chip, line: 42 })).toMatchObject({ code: 'line-reserved' });
    expect(refusal({ chip: 'raspberrypi-exp-gpio', line: 2 })).toMatchObject({ code: 'line-reserved' });
    expect(refusal({ chip, line: 58 })).toMatchObject({ code: 'line-unknown' });
    expect(refusal({ chip: 'gpiochip0', line: 4 })).toMatchObject({ code: 'line-unknown', reason: expect.stringContaining('gpiochip0') });
  });

  test('a handle is its owner\'s alone, and is never used again', () => {
    const board = boardOf();
    const first = open(board, 17);
    expect(heldPin(board, { handle: first.handle, owner }).ok).toBe(true);
    expect(heldPin(board, { handle: first.handle, owner: {} })).toMatchObject({ ok: false, refusal: { code: 'not-found' } });
    releasePin(board, first.pin, 20n);
    expect(heldPin(board, { handle: first.handle, owner }).ok).toBe(false);
    expect(open(board, 17).handle).not.toBe(first.handle);
    expect(pinsOf(board, owner)).toHaveLength(1);
  });

  test('opening as an output is one change, with its level', () => {
    const board = boardOf();
    expect(open(board, 17, { initial: 1 }).changes.map(recordOf)).toEqual([{ tNs: '10', chip, line: 17, name: 'GPIO17', level: 1, direction: 'out', by: 'agent', consumer: 'blink' }]);
  });

  test('a released output turns into an input, or keeps its level where the profile says so', () => {
    const input = boardOf();
    const one = open(input, 17, { initial: 1 });
    expect(releasePin(input, one.pin, 20n).map(recordOf)).toEqual([expect.objectContaining({ by: 'release', direction: 'in', level: 0, consumer: 'blink' })]);
    const keep = boardOf({ onRelease: 'keep' });
    const two = open(keep, 17, { initial: 1 });
    expect(releasePin(keep, two.pin, 20n)).toEqual([]);
    expect(linesOf(keep)[17]).toMatchObject({ level: 1, direction: 'out', consumer: null });
  });
});

describe('writes of value cells', () => {
  test('are applied in the order of their times, whatever order they came in', () => {
    const board = boardOf();
    const { handle } = open(board, 17);
    const { changes, dropped } = applyWrites(board, [{ handle, level: 1, tNs: 300n }, { handle, level: 1, tNs: 100n }, { handle, level: 0, tNs: 200n }], 1_000n);
    expect(changes.map((change) => [change.tNs, change.level, change.by])).toEqual([[100n, 1, 'guest'], [200n, 0, 'guest'], [300n, 1, 'guest']]);
    expect({ dropped, edges: linesOf(board)[17]?.edges }).toEqual({ dropped: 0, edges: 3 });
  });

  test('for inputs, released and unknown lines are dropped and counted', () => {
    const board = boardOf();
    const input = open(board, 4, { direction: 'in' });
    const gone = open(board, 17);
    releasePin(board, gone.pin, 20n);
    const writes = [input.handle, gone.handle, 0, 999].map((handle) => ({ handle, level: 1 as const, tNs: 100n }));
    expect(applyWrites(board, writes, 1_000n)).toEqual({ changes: [], dropped: 4 });
  });

  test('that the agent overruled since are dropped, and a time in the future blocks nobody', () => {
    const board = boardOf();
    const { handle, pin } = open(board, 17);
    expect(setPin(pin, 0, 500n).ok).toBe(true);
    expect(applyWrites(board, [{ handle, level: 1, tNs: 400n }], 1_000n)).toEqual({ changes: [], dropped: 1 });
    expect(applyWrites(board, [{ handle, level: 1, tNs: 9_999n }], 1_000n).changes).toHaveLength(1);
    expect(applyWrites(board, [{ handle, level: 0, tNs: 1_100n }], 1_200n).changes).toHaveLength(1);
  });

  test('of the level that the line has already are no change', () => {
    const board = boardOf();
    const { handle } = open(board, 17, { initial: 1 });
    expect(applyWrites(board, [{ handle, level: 1, tNs: 100n }], 1_000n)).toEqual({ changes: [], dropped: 0 });
  });
});

describe('the outside', () => {
  test('drives inputs by line or part, and no output', () => {
    const board = boardOf();
    open(board, 17);
    expect(driveOutside(board, { name: 'GPIO27', level: 1 }, 30n)).toMatchObject({ ok: true, value: [{ level: 1, by: 'outside' }] });
    expect(driveOutside(board, { name: 'button', level: 0 }, 30n)).toMatchObject({ ok: true, value: [{ level: 0 }] });
    expect(driveOutside(board, { name: 'led', level: 1 }, 30n)).toMatchObject({ ok: false, refusal: { code: 'conflict', reason: expect.stringContaining('"blink"') } });
    expect(driveOutside(board, { name: 'GPIO99', level: 1 }, 30n)).toMatchObject({ ok: false, refusal: { code: 'line-unknown' } });
    expect(driveOutside(board, { name: 'ID_SDA', level: 1 }, 30n)).toMatchObject({ ok: false, refusal: { code: 'line-reserved' } });
  });

  test('a button rests opposite to its pressed level, whichever pull the app asks for against it', () => {
    const board = boardOf();
    expect([levelOf(board, 'GPIO22'), levelOf(board, 'GPIO23')]).toEqual([1, 0]);
    open(board, 22, { direction: 'in', bias: 'up' });
    expect(levelOf(board, 'GPIO22')).toBe(1);
    open(board, 23, { direction: 'in', bias: 'none' });
    expect(levelOf(board, 'GPIO23')).toBe(0);
  });

  test('overlapping presses end with the last finger', () => {
    const board = boardOf();
    const edges = ([1, 1, -1, -1] as const).map((by, index) => pressPart(board, { part: 'button', by }, BigInt(100 + index)));
    expect(edges.map((edge) => edge.ok && edge.value.map((change) => change.level))).toEqual([[0], [], [], [1]]);
    expect(pressPart(board, { part: 'led', by: 1 }, 1n)).toMatchObject({ ok: false, refusal: { reason: expect.stringContaining('led') } });
    expect(pressPart(board, { part: 'nobody', by: 1 }, 1n)).toMatchObject({ ok: false, refusal: { code: 'not-found' } });
  });
});
