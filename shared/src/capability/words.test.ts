import { describe, expect, test } from 'vitest';
import { Asks, Limits } from './ask.ts';
import { askDifference, permissionWords } from './words.ts';

const words = (asks: unknown, limits?: unknown): string[] => permissionWords(Asks.parse(asks), limits === undefined ? undefined : Limits.parse(limits));

describe('a technician reads', () => {
  test.each([
    ['an output', { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] }, 'switches one output, “led”, at most 1000 times a second; safe state: off'],
    ['an output that is on when low and starts on', { gpio: [{ label: 'heater', mode: 'out', safe: 'active', initial: 'active', active: 'low', maxWritesPerS: 1 }] }, 'switches one output, “heater”, at most once a second; starts on; safe state: on; on is low'],
    ['an input', { gpio: [{ label: 'button', mode: 'in' }] }, 'reads the input “button”; may watch its edges, at most 200 times a second'],
    ['an input with all settings', { gpio: [{ label: 'button', mode: 'in', pull: 'up', edges: 'both', debounceUs: 5000, maxEventsPerS: 50 }] }, 'reads the input “button”, pulled up; is told of rising and falling edges, at most 50 times a second, each steady for 5000 µs'],
    ['a serial port', { serial: [{ label: 'meter', baud: [9600] }] }, 'uses the serial port “meter” at 9600 baud, 8 data bits, no parity, 1 stop bit, at most 11520 bytes a second'],
    ['a serial port with choices', { serial: [{ label: 'meter', baud: [9600, 19200], parity: ['even', 'none'], stopBits: [1, 2], maxBytesPerS: 2000 }] }, 'uses the serial port “meter” at 9600 or 19200 baud, 8 data bits, even or no parity, 1 or 2 stop bits, at most 2 kB a second'],
    ['a folder', { storage: [{ label: 'data', path: '/data', maxBytes: 1_000_000 }] }, 'keeps up to 1 MB in /data (“data”), which survives restarts and updates'],
    ['a series', { telemetry: [{ label: 'power', unit: 'W' }] }, 'reports “power” (W) at most once a second'],
    ['a slow series without a unit', { telemetry: [{ label: 'starts', maxPerS: 0.1, optional: true }] }, 'reports “starts” at most once in 10 seconds; optional: left out where it is not granted'],
  ])('%s', (_, asks, sentence) => {
    expect(words(asks)).toEqual([sentence]);
  });

  test('the limits of an app', () => {
    expect(words({}, { health: { ready: 'call', withinS: 30, beatS: 10 } })).toEqual([
      'uses at most 32 MB of memory',
      'is ended as stuck after 60 seconds without a call or a sleep',
      'writes at most 64 KiB of output a second',
      'says that it is ready within 30 seconds, then gives a sign of life at least once in 10 seconds',
    ]);
  });

  test('nothing, where nothing is asked for', () => {
    expect(words({})).toEqual([]);
  });
});

const full = {
  gpio: [{ label: 'led', mode: 'out', safe: 'inactive', active: 'high', initial: 'inactive', maxWritesPerS: 10, optional: false }, { label: 'button', mode: 'in', pull: 'none', edges: 'none', debounceUs: 0, maxEventsPerS: 10, active: 'high', optional: false }],
  serial: [{ label: 'meter', baud: [9600], dataBits: [8], parity: ['none'], stopBits: [1], maxBytesPerS: 1_000, optional: false }],
  storage: [{ label: 'data', path: '/data', maxBytes: 1_000, optional: false }],
  telemetry: [{ label: 'power', unit: 'W', maxPerS: 1, optional: false }],
};
const limits = { memoryMb: 32, watchdogS: 60, maxOutputBytesPerS: 1_000, health: { ready: 'start', withinS: 30, beatS: 5 } };

const others: Readonly<Record<string, unknown>> = {
  safe: 'active', active: 'low', initial: 'active', maxWritesPerS: 11, optional: true, pull: 'up', edges: 'both', debounceUs: 1, maxEventsPerS: 11,
  baud: [9600, 1200], dataBits: [8, 7], parity: ['even'], stopBits: [2], maxBytesPerS: 1_001, path: '/other', maxBytes: 1_024, unit: 'kW', maxPerS: 2,
};
const oneChanged = Object.entries(full).flatMap(([kind, list]) =>
  list.flatMap((ask, index) =>
    Object.keys(ask).filter((key) => key !== 'label' && key !== 'mode').map((key) => ({ name: `${key} of “${ask.label}”`, asks: { ...full, [kind]: list.map((other, at) => (at === index ? { ...other, [key]: others[key] } : other)) } })),
  ),
);

test.each(oneChanged)('a change of $name is told as one change', ({ asks }) => {
  const difference = askDifference({ asks: Asks.parse(full) }, { asks: Asks.parse(asks) });
  expect([difference.added, difference.removed, difference.changed.length]).toEqual([[], [], 1]);
});

test.each([
  ['memory', { memoryMb: 33 }],
  ['watchdog', { watchdogS: 1 }],
  ['output', { maxOutputBytesPerS: 1_024 }],
  ['health', { health: { ready: 'call', withinS: 30, beatS: 5 } }],
  ['time to be ready', { health: { ready: 'start', withinS: 31, beatS: 5 } }],
  ['beat', { health: { ready: 'start', withinS: 30, beatS: 1 } }],
])('a change of the limit of %s is told as one change', (_, change) => {
  const asks = Asks.parse({});
  expect(askDifference({ asks, limits: Limits.parse(limits) }, { asks, limits: Limits.parse({ ...limits, ...change }) })).toMatchObject({ added: [], removed: [], changed: [{}] });
});

test('what is new, gone and other is told apart, and what is the same is not told', () => {
  const before = Asks.parse({ ...full, serial: [] });
  const after = Asks.parse({ ...full, gpio: [{ label: 'led', mode: 'in' }, full.gpio[1]], telemetry: [] });
  expect(askDifference({ asks: before }, { asks: after })).toEqual({
    added: [expect.stringContaining('serial port “meter”')],
    removed: [expect.stringContaining('reports “power”')],
    changed: [{ before: expect.stringContaining('switches one output, “led”'), after: expect.stringContaining('reads the input “led”') }],
  });
  expect(askDifference({ asks: before }, { asks: before })).toEqual({ added: [], removed: [], changed: [] });
});

test('an app may call a label like a limit without being mistaken for it', () => {
  const asks = Asks.parse({ telemetry: [{ label: 'memory' }] });
  expect(askDifference({ asks: Asks.parse({}), limits: Limits.parse(limits) }, { asks, limits: Limits.parse(limits) })).toMatchObject({ added: [expect.stringContaining('“memory”')], changed: [] });
});
