import { describe, expect, test } from 'vitest';
import { type Binding, type CapabilityKind, Asks, Bindings, capabilityKinds, emptyGrant, grantOf } from './index.ts';

type Input = { readonly asks: unknown; readonly bindings?: Readonly<Record<string, unknown>>; readonly allowed?: readonly CapabilityKind[]; readonly reserved?: readonly { chip: string; line: number }[]; readonly reservedPorts?: readonly string[] };

function judge({ asks, bindings = {}, allowed = capabilityKinds, reserved = [], reservedPorts = [] }: Input) {
  return grantOf({ asks: Asks.parse(asks), bindings: Bindings.parse(bindings), allowed, reserved, reservedPorts });
}

function grant(input: Input) {
  const verdict = judge(input);
  if (!verdict.ok) throw new Error(verdict.refusal.reason);
  return verdict.value;
}

const led = { label: 'led', mode: 'out', safe: 'inactive' };
const button = { label: 'button', mode: 'in' };
const data = { label: 'data', path: '/data', maxBytes: 1_000 };
const meter = { label: 'meter', baud: [9_600] };
const heat = { label: 'heat', unit: 'K' };
const ledBound = { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17 } as const;
const dataBound = { kind: 'storage', maxBytes: 500 } satisfies Binding;
const meterBound = { kind: 'serial', path: '/dev/ttyUSB0' } satisfies Binding;

test('an app that asks for nothing is granted nothing, whatever is bound', () => {
  expect(grant({ asks: {}, bindings: { led: ledBound, data: dataBound } })).toEqual(emptyGrant);
});

test('what is asked for, bound and allowed is granted, and nothing else that is bound', () => {
  const given = grant({ asks: { gpio: [led], serial: [meter], storage: [data], telemetry: [heat] }, bindings: { led: ledBound, data: dataBound, button: { ...ledBound, line: 27 }, meter: meterBound } });
  expect(given.gpio.map(({ ask, at, safe }) => [ask.label, at, safe])).toEqual([['led', { chip: 'pinctrl-bcm2711', line: 17 }, 'low']]);
  expect(given.storage.map(({ ask, maxBytes }) => [ask.label, ask.path, maxBytes])).toEqual([['data', '/data', 500]]);
  expect(given.serial.map(({ ask, path }) => [ask.label, path])).toEqual([['meter', '/dev/ttyUSB0']]);
  expect(given.telemetry.map(({ ask }) => ask.label)).toEqual(['heat']);
});

describe('refusals name the label and the reason', () => {
  const cases: readonly [string, Input, string, string][] = [
    ['a line that is not bound', { asks: { gpio: [led] } }, 'capability.unbound', '"led" (gpio out) is not bound'],
    ['a folder that is not bound', { asks: { storage: [data] } }, 'capability.unbound', '"data" (storage at /data) is not bound'],
    ['a line bound as a folder', { asks: { gpio: [led] }, bindings: { led: dataBound } }, 'capability.unbound', '"led"'],
    ['a folder bound as a line', { asks: { storage: [data] }, bindings: { data: ledBound } }, 'capability.unbound', '"data"'],
    ['an output bound for input', { asks: { gpio: [led] }, bindings: { led: { ...ledBound, modes: ['in'] } } }, 'capability.mode', 'asks for out, its binding allows in'],
    ['an input bound for output', { asks: { gpio: [button] }, bindings: { button: { ...ledBound, modes: ['out'] } } }, 'capability.mode', 'asks for in, its binding allows out'],
    ['a reserved line', { asks: { gpio: [led] }, bindings: { led: ledBound }, reserved: [{ chip: 'pinctrl-bcm2711', line: 17 }] }, 'capability.reserved', 'pinctrl-bcm2711 line 17'],
    ['a kind of line that the policy withholds', { asks: { gpio: [led] }, bindings: { led: ledBound }, allowed: ['storage'] }, 'capability.mode', 'the policy gives this app no gpio'],
    ['a port that is not bound', { asks: { serial: [meter] } }, 'capability.unbound', '"meter" (serial) is not bound'],
    ['a port bound as a line', { asks: { serial: [meter] }, bindings: { meter: ledBound } }, 'capability.unbound', '"meter"'],
    ['a reserved port', { asks: { serial: [meter] }, bindings: { meter: meterBound }, reservedPorts: ['/dev/ttyAMA0', '/dev/ttyUSB0'] }, 'capability.reserved', '/dev/ttyUSB0, which the board reserves'],
    ['ports that the policy withholds', { asks: { serial: [meter] }, bindings: { meter: meterBound }, allowed: ['gpio'] }, 'capability.mode', 'the policy gives this app no serial'],
    ['series that the policy withholds', { asks: { telemetry: [heat] }, allowed: ['gpio'] }, 'capability.mode', 'the policy gives this app no telemetry'],
    ['a kind of folder that the policy withholds', { asks: { storage: [data] }, bindings: { data: dataBound }, allowed: ['gpio'] }, 'capability.mode', 'the policy gives this app no storage'],
  ];
  test.each(cases)('%s', (_, input, code, reason) => {
    expect(judge(input)).toMatchObject({ ok: false, refusal: { code, reason: expect.stringContaining(reason) as string } });
  });

  test('all that is missing is named at once', () => {
    const verdict = judge({ asks: { gpio: [led, button], storage: [data] } });
    expect(verdict.ok ? '' : verdict.refusal.reason).toMatch(/"led".*; "button".*; "data"/);
  });
});

test('another port than the reserved one is free', () => {
  expect(judge({ asks: { serial: [meter] }, bindings: { meter: meterBound }, reservedPorts: ['/dev/ttyUSB1'] }).ok).toBe(true);
});

test('the same line number on another chip is not the reserved one', () => {
  expect(judge({ asks: { gpio: [led] }, bindings: { led: ledBound }, reserved: [{ chip: 'raspberrypi-exp-gpio', line: 17 }, { chip: 'pinctrl-bcm2711', line: 18 }] }).ok).toBe(true);
});

test('an optional ask that is uncovered is left out; the others stand', () => {
  const given = grant({ asks: { gpio: [led, { ...button, optional: true }], storage: [{ ...data, optional: true }] }, bindings: { led: ledBound } });
  expect(given.gpio.map((one) => one.ask.label)).toEqual(['led']);
  expect(given.storage).toEqual([]);
});

test('an optional ask is left out for any reason, and given when it is covered', () => {
  const optional = { ...led, optional: true };
  expect(grant({ asks: { gpio: [optional] }, bindings: { led: ledBound }, reserved: [ledBound] }).gpio).toEqual([]);
  expect(grant({ asks: { gpio: [optional] }, bindings: { led: ledBound }, allowed: [] }).gpio).toEqual([]);
  expect(grant({ asks: { gpio: [optional] }, bindings: { led: ledBound } }).gpio).toHaveLength(1);
});

describe('the safe state', () => {
  test.each([
    ['inactive', 'high', 'low'],
    ['active', 'high', 'high'],
    ['inactive', 'low', 'high'],
    ['active', 'low', 'low'],
  ])('of an output that is safe when %s and active when %s is %s', (safe, active, level) => {
    expect(grant({ asks: { gpio: [{ ...led, safe, active }] }, bindings: { led: ledBound } }).gpio[0]?.safe).toBe(level);
  });

  test('of an input is an input, whichever level is active', () => {
    for (const active of ['high', 'low']) expect(grant({ asks: { gpio: [{ ...button, active }] }, bindings: { button: ledBound } }).gpio[0]?.safe).toBe('input');
  });

  test.each(['low', 'high', 'input', 'keep'])("is the operator's where the binding says %s", (safe) => {
    expect(grant({ asks: { gpio: [led] }, bindings: { led: { ...ledBound, safe } } }).gpio[0]?.safe).toBe(safe);
  });
});

test('a folder is never larger than either side says', () => {
  const bytes = (asked: number, bound: number) => grant({ asks: { storage: [{ ...data, maxBytes: asked }] }, bindings: { data: { kind: 'storage', maxBytes: bound } } }).storage[0]?.maxBytes;
  expect([bytes(10, 20), bytes(20, 10)]).toEqual([10, 10]);
});

test.each(['constructor', 'valueof', 'tostring', 'hasownproperty'])('a label named like a part of every object ("%s") is unbound until it is bound', (label) => {
  const asks = { gpio: [{ ...led, label }], storage: [] };
  expect(judge({ asks })).toMatchObject({ ok: false, refusal: { code: 'capability.unbound' } });
  expect(judge({ asks, bindings: { [label]: ledBound } }).ok).toBe(true);
});

describe('asks', () => {
  test.each([
    ['an output without a safe state', { gpio: [{ label: 'led', mode: 'out' }] }],
    ['one label twice', { gpio: [led, { ...button, label: 'led' }] }],
    ['one label in two kinds', { gpio: [led], storage: [{ ...data, label: 'led' }] }],
    ['an unknown kind', { camera: [] }],
    ['an unknown key', { gpio: [{ ...led, strobe: true }] }],
    ['"__proto__" as a label', { gpio: [{ ...led, label: '__proto__' }] }],
    ['a folder outside', { storage: [{ ...data, path: '/../etc' }] }],
    ['a folder that is everything', { storage: [{ ...data, path: '/' }] }],
    ['no room at all', { storage: [{ ...data, maxBytes: 0 }] }],
    ['a pin number instead of a label', { gpio: [{ ...led, label: 17 }] }],
  ])('are refused with %s', (_, asks) => {
    expect(Asks.safeParse(asks).success).toBe(false);
  });
});
