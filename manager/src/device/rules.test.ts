import { describe, expect, test } from 'vitest';
import { AppName, DeviceId, Digest, Version } from '@pier/shared/core';
import { Bindings } from '@pier/shared/capability';
import { Desired } from '@pier/shared/wire';
import { board } from './testing/device-world.ts';
import { answerToPresence, checkBindings, nextAttempt, nextRev, renderDesired, withoutNul } from './rules.ts';

const digest = Digest.parse(`sha256:${'a'.repeat(64)}`);
const chip = 'pinctrl-bcm2711';
const kernelPort = '/dev/ttyAMA0';
const profile = { ...board, serial: [{ path: kernelPort, name: 'console', reserved: 'the console of the kernel' }, { path: '/dev/ttyUSB0', name: 'ttyUSB0' }] };
const bind = (all: Record<string, unknown>): Bindings => Bindings.parse(all);

describe('rendering', () => {
  const of = { device: DeviceId.parse('dock-1'), rev: 5, policyNumber: 3 };
  const blink = { app: AppName.parse('blink'), attempt: 4, soakS: 60, release: { repository: 'apps/blink', digest, version: Version.parse('1.2.3'), counter: 12 } };

  test('a document says all of every assigned app, with its bindings and nobody else’s', () => {
    const led = bind({ led: { kind: 'gpio', chip, line: 17 } });
    const desired = renderDesired({ ...of, assigned: [blink], bindings: new Map([['blink', led], ['other', bind({ x: { kind: 'storage', maxBytes: 1 } })]]) });
    expect(Desired.parse(desired)).toEqual({ device: 'dock-1', rev: 5, policy: 3, apps: { blink: { repository: 'apps/blink', digest, version: '1.2.3', counter: 12, attempt: 4, soakS: 60, bindings: led } } });
  });

  test('an app without bindings is still in the document: the device decides', () => {
    expect(renderDesired({ ...of, assigned: [blink], bindings: new Map() }).apps[blink.app]?.bindings).toEqual({});
  });

  test('a device without assignments gets an empty document', () => {
    expect(Desired.parse(renderDesired({ ...of, assigned: [], bindings: new Map() })).apps).toEqual({});
  });
});

describe('numbers', () => {
  test.each([
    ['follows the clock', { previous: 10, reported: 10, nowMs: 1_000 }, 1_000],
    ['rises when the clock stands still or goes back', { previous: 2_000, reported: 0, nowMs: 1_000 }, 2_001],
    ['goes above what the device holds after a restored backup', { previous: 10, reported: 5_000, nowMs: 1_000 }, 5_001],
    ['is not run out by a device that claims the last number there is', { previous: 10, reported: Number.MAX_SAFE_INTEGER, nowMs: 1_000 }, 1_000],
  ])('a revision %s', (_, given, expected) => {
    expect(nextRev(given)).toBe(expected);
  });

  test.each([
    [{ previous: 0, reported: 0 }, 1],
    [{ previous: 4, reported: 2 }, 5],
    [{ previous: 2, reported: 9 }, 10],
    [{ previous: 2, reported: Number.MAX_SAFE_INTEGER }, 3],
  ])('an attempt is above every earlier one: %j', (given, expected) => {
    expect(nextAttempt(given)).toBe(expected);
  });
});

describe('what presence calls for', () => {
  const ours = { rev: 10, hash: 'sha256:ours' };
  test.each([
    ['the current document when the device is behind', { rev: 9, desired: 'sha256:old' }, ours, 'send'],
    ['nothing when the device holds it', { rev: 10, desired: 'sha256:ours' }, ours, 'nothing'],
    ['a newer one when it holds a higher revision', { rev: 11, desired: 'sha256:forged' }, ours, 'render'],
    ['a newer one when it holds another document under the same revision', { rev: 10, desired: 'sha256:forged' }, ours, 'render'],
    ['a newer one when it lost the document and kept the revision', { rev: 10, desired: null }, ours, 'render'],
    ['nothing when neither has anything', { rev: 0, desired: null }, { rev: 0, hash: null }, 'nothing'],
  ] as const)('%s', (_, held, mine, expected) => {
    expect(answerToPresence(held, mine)).toBe(expected);
  });
});

describe('bindings', () => {
  const check = (bindings: Record<string, unknown>, others: Record<string, Record<string, unknown>> = {}) =>
    checkBindings({ app: 'blink', bindings: bind(bindings), others: new Map(Object.entries(others).map(([name, all]) => [name, bind(all)])), profile });

  test('a free line is accepted', () => {
    expect(check({ led: { kind: 'gpio', chip, line: 17 } })).toMatchObject({ ok: true });
  });

  test.each([
    ['a line that the board does not have', { led: { kind: 'gpio', chip, line: 99 } }, 'line-unknown', /"led".*no line 99/],
    ['a chip that the board does not have', { led: { kind: 'gpio', chip: 'gpiochip9', line: 1 } }, 'line-unknown', /"led".*gpiochip9.*pinctrl-bcm2711/],
    ['a line that the board keeps for itself', { led: { kind: 'gpio', chip, line: 0 } }, 'line-reserved', /"led".*GPIO0.*HAT EEPROM/],
    ['a port that the board keeps for itself', { bus: { kind: 'serial', path: kernelPort } }, 'port-reserved', /"bus".*the console of the kernel/],
    ['one port under two labels', { bus: { kind: 'serial', path: '/dev/ttyUSB0' }, gps: { kind: 'serial', path: '/dev/ttyUSB0' } }, 'conflict', /"gps".*"bus" of app blink/],
    ['one line under two labels', { led: { kind: 'gpio', chip, line: 17 }, lamp: { kind: 'gpio', chip, line: 17 } }, 'conflict', /"lamp".*"led" of app blink/],
  ])('%s is refused by name', (_, bindings, code, reason) => {
    expect(check(bindings)).toMatchObject({ ok: false, refusal: { code, reason: expect.stringMatching(reason) } });
  });

  test('more labels than an app can ask for are refused', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`folder-${n}`, { kind: 'storage', maxBytes: 1 }]));
    expect(check(many(76))).toMatchObject({ ok: true });
    expect(check(many(77))).toMatchObject({ ok: false, refusal: { code: 'too-large' } });
  });

  test('a line that another app may drive is refused, naming that app', () => {
    const refused = check({ led: { kind: 'gpio', chip, line: 17, modes: ['in'] } }, { pump: { valve: { kind: 'gpio', chip, line: 17, modes: ['out'] } } });
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'conflict', reason: expect.stringMatching(/"valve" of app pump/) } });
  });

  test('a port of another app is refused, naming that app; one that nobody has is taken, also when it is not there yet', () => {
    const theirs = { pump: { modbus: { kind: 'serial', path: '/dev/ttyUSB0' } } };
    expect(check({ bus: { kind: 'serial', path: '/dev/ttyUSB0' } }, theirs)).toMatchObject({ ok: false, refusal: { code: 'conflict', reason: expect.stringMatching(/"modbus" of app pump/) } });
    expect(check({ bus: { kind: 'serial', path: '/dev/ttyUSB7' } }, theirs)).toMatchObject({ ok: true });
  });

  test('two apps may read the same input', () => {
    expect(check({ button: { kind: 'gpio', chip, line: 27, modes: ['in'] } }, { door: { bell: { kind: 'gpio', chip, line: 27, modes: ['in'] } } })).toMatchObject({ ok: true });
  });
});

test('NUL is made visible in strings and in keys, at any depth, and the rest is left as it is', () => {
  expect(withoutNul({ 'a\0': ['x\0y', { b: 'ü€\u{1F600}' }, null, 1, true] })).toEqual({ 'a\uFFFD': ['x\uFFFDy', { b: 'ü€\u{1F600}' }, null, 1, true] });
});
