import { BoardFile } from '@pier/shared/hardware';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { type SerialPart, behaviourOf } from './behaviour.ts';
import { withCrc } from './modbus.ts';

function partOf(part: object): SerialPart {
  const [found] = BoardFile.parse({ model: 'raspberry-pi-4b', parts: [part] }).parts;
  if (!found || !('port' in found)) throw new Error('no serial part');
  return found;
}

function makePart(part: object = { part: 'modbus-meter', name: 'meter', port: 'meter0', powerW: 1_000 }) {
  const clock = manualClock();
  const counters = { bytesIn: 0, bytesOut: 0, frames: 0, crcErrors: 0, answers: 0 };
  const answers: Uint8Array[] = [];
  return { clock, counters, answers, part: behaviourOf(partOf(part), { clock, counters, answer: (bytes) => answers.push(bytes) }) };
}

const voltage = withCrc(Uint8Array.of(1, 4, 0, 0, 0, 2));

describe('a frame', () => {
  test('is answered once the line was silent for long enough, and not before its bytes have passed the line', () => {
    const { clock, part, answers } = makePart();
    part.hear(voltage);
    // Eight bytes at 9600 take 8.3 ms, the silence 4.0 ms.
    clock.advance(12);
    expect(answers).toHaveLength(0);
    clock.advance(2);
    expect(answers).toHaveLength(1);
  });

  test('may come in pieces without a silence between', () => {
    const { clock, part, answers, counters } = makePart();
    for (const byte of voltage) {
      part.hear(Uint8Array.of(byte));
      clock.advance(2);
    }
    clock.advance(20);
    expect({ ...counters, answers: answers.length }).toMatchObject({ answers: 1, frames: 1, crcErrors: 0 });
  });

  test('that a silence cuts is two damaged ones', () => {
    const { clock, part, answers, counters } = makePart();
    part.hear(voltage.subarray(0, 5));
    clock.advance(20);
    part.hear(voltage.subarray(5));
    clock.advance(20);
    expect({ ...counters, answers: answers.length }).toMatchObject({ answers: 0, frames: 2, crcErrors: 2 });
  });

  test('without an end is a damaged one, of bounded memory', () => {
    const { clock, part, counters } = makePart();
    for (let n = 0; n < 1_000; n += 1) part.hear(new Uint8Array(1_000));
    clock.advance(1_100);
    expect(counters).toMatchObject({ frames: 1, crcErrors: 1 });
  });

  test('that was begun before the plug was pulled is forgotten', () => {
    const { clock, part, answers, counters } = makePart();
    part.hear(voltage.subarray(0, 5));
    part.reset();
    part.hear(voltage);
    clock.advance(20);
    expect({ ...counters, answers: answers.length }).toMatchObject({ answers: 1, frames: 1, crcErrors: 0 });
  });
});

describe('a meter', () => {
  test('counts energy as power over time, also across a change of the power, and never backwards', () => {
    const { clock, part } = makePart();
    clock.advance(3_600_000);
    expect(part.values()['energyKwh']).toBeCloseTo(1, 9);
    part.set({ powerW: 4_000 });
    expect(part.values()['energyKwh']).toBeCloseTo(1, 9);
    clock.advance(1_800_000);
    expect(part.values()['energyKwh']).toBeCloseTo(3, 9);
    part.set({ powerW: -500 });
    clock.advance(3_600_000);
    expect(part.values()['energyKwh']).toBeCloseTo(3, 9);
    part.set({ energyKwh: 7 });
    expect(part.values()).toMatchObject({ energyKwh: 7, powerW: -500 });
  });

  test('has the current that follows from power and voltage, unless one is given', () => {
    const { part } = makePart();
    expect(part.values()['currentA']).toBeCloseTo(1_000 / 230, 9);
    part.set({ powerW: 460 });
    expect(part.values()['currentA']).toBe(2);
    part.set({ currentA: 3 });
    part.set({ powerW: 100 });
    expect(part.values()['currentA']).toBe(3);
    part.set({ voltageV: 0 });
    expect(part.values()).toMatchObject({ voltageV: 0, currentA: 3 });
  });

  test.each([[{}, 'voltageV'], [{ colour: 1 }, 'colour'], [{ voltageV: -1 }, 'voltageV'], [{ powerW: 1e9 }, 'powerW']])('refuses %j by name, and keeps what it had', (values, named) => {
    const { part } = makePart();
    const before = part.values();
    expect(() => part.set(values)).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining(named) }));
    expect(part.values()).toEqual(before);
  });
});

test('an echo says what it hears, and has nothing to set', () => {
  const { part, answers } = makePart({ part: 'serial-echo', name: 'echo', port: 'e' });
  part.hear(Uint8Array.of(1, 2, 3));
  expect(answers).toEqual([Uint8Array.of(1, 2, 3)]);
  expect(() => part.set({ powerW: 1 })).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('serial-echo') }));
});

test.each([[{ part: 'modbus-meter', name: 'm' }], [{ part: 'modbus-meter', name: 'm', port: '../x' }], [{ part: 'modbus-meter', name: 'm', port: 'p', unit: 0 }], [{ part: 'modbus-meter', name: 'm', port: 'p', unit: 248 }], [{ part: 'modbus-meter', name: 'm', port: 'p', baud: 9_601 }], [{ part: 'serial-echo', name: 'm', port: 'p', baud: 9_600 }], [{ part: 'modem', name: 'm', port: 'p' }]])('a board file with %j is refused', (part) => {
  expect(BoardFile.safeParse({ model: 'raspberry-pi-4b', parts: [part] }).success).toBe(false);
});
