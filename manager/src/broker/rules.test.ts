import { DeviceId } from '@pier/shared/core';
import type { Identity } from '@pier/shared/wire';
import { describe, expect, test } from 'vitest';
import { covers, mayPublish, maySubscribe } from './rules.ts';

const device: Identity = { kind: 'device', device: DeviceId.parse('dev-a') };
const operator: Identity = { kind: 'operator', name: 'alice' };
const manager: Identity = { kind: 'manager', replica: 'a' };

describe('publishing', () => {
  test.each<[string, boolean, boolean, boolean]>([
    // topic, device dev-a, operator, manager
    ['pier/v1/d/dev-a/up/presence', true, false, false],
    ['pier/v1/d/dev-a/up/cmd/r1', true, false, false],
    ['pier/v1/d/dev-a/up', false, false, false],
    ['pier/v1/d/dev-b/up/presence', false, false, false],
    ['pier/v1/d/dev-ab/up/presence', false, false, false],
    ['pier/v1/d/dev-a/down/cmd', false, true, true],
    ['pier/v1/d/dev-b/down/pins', false, true, true],
    ['pier/v1/d/dev-b/down/logs', false, true, true],
    ['pier/v1/d/dev-b/down/tel', false, true, true],
    ['pier/v1/d/dev-b/down/desired', false, false, true],
    ['pier/v1/d/dev-b/down/ack', false, false, true],
    ['pier/v1/d/dev-b/down/cmd/x', false, false, true],
    ['pier/v1/m/a', false, false, true],
    ['pier/v1/m/b', false, false, false],
    ['pier/v1/m/a/x', false, false, false],
    ['pier/v2/d/dev-a/up/presence', false, false, false],
    ['other/x', false, false, false],
    ['$SYS/broker/version', false, false, false],
    ['pier/v1/d/dev-a/up/+', false, false, false],
    ['pier/v1/d/dev-a/up/#', false, false, false],
    ['pier/v1/d/dev-a/up/a\0b', false, false, false],
    ['pier/v1/d/dev-a/up/\uFFFD', false, false, false],
    ['pier/v1/d/dev-a/up//x', false, false, false],
    ['pier/v1/d/dev-a/up/../../dev-b/up/x', false, false, false],
    ['/pier/v1/d/dev-a/up/x', false, false, false],
    ['', false, false, false],
  ])('%j: device %s, operator %s, manager %s', (topic, byDevice, byOperator, byManager) => {
    expect([mayPublish(device, topic), mayPublish(operator, topic), mayPublish(manager, topic)]).toEqual([byDevice, byOperator, byManager]);
  });
});

describe('subscribing', () => {
  test.each<[string, boolean, boolean, boolean]>([
    ['pier/v1/d/dev-a/down/#', true, false, true],
    ['pier/v1/d/dev-a/down/cmd', true, false, true],
    ['pier/v1/d/dev-a/down/+', true, false, true],
    ['pier/v1/m/+', true, false, true],
    ['pier/v1/m/a', true, false, true],
    ['pier/v1/m/#', false, false, true],
    ['pier/v1/d/dev-a/up/#', false, true, true],
    ['pier/v1/d/+/up/#', false, true, true],
    ['pier/v1/d/+/up/presence', false, true, true],
    ['pier/v1/d/dev-b/up/cmd/+', false, true, true],
    ['pier/v1/d/+/down/#', false, false, true],
    ['pier/v1/d/#', false, false, true],
    ['pier/v1/#', false, false, true],
    ['pier/#', false, false, false],
    ['pier/+/d/dev-a/down/#', false, false, false],
    ['+/v1/#', false, false, false],
    ['#', false, false, false],
    ['+/+/+/+/+/+', false, false, false],
    ['$SYS/#', false, false, false],
    ['$share/g/pier/v1/d/dev-a/down/#', false, false, false],
    ['$share/g/#', false, false, false],
    ['pier/v1/d/dev-a/down/../../../dev-b/down/x', false, false, false],
    ['pier/v1/d/dev-a/down/#/x', false, false, false],
    ['pier/v1/d/dev-a/down/x#', false, false, false],
    ['pier/v1/d/dev-a/down/a\0', false, false, false],
    ['', false, false, false],
  ])('%j: device %s, operator %s, manager %s', (filter, byDevice, byOperator, byManager) => {
    expect([maySubscribe(device, filter), maySubscribe(operator, filter), maySubscribe(manager, filter)]).toEqual([byDevice, byOperator, byManager]);
  });

  test('a filter covers itself and what is narrower, never what is wider', () => {
    expect(covers('a/+/c', 'a/b/c')).toBe(true);
    expect(covers('a/+/c', 'a/+/c')).toBe(true);
    expect(covers('a/b/c', 'a/+/c')).toBe(false);
    expect(covers('a/+', 'a/#')).toBe(false);
    expect(covers('a/#', 'a/b/#')).toBe(true);
    expect(covers('a/b/#', 'a/#')).toBe(false);
    expect(covers('a/b', 'a/b/c')).toBe(false);
    expect(covers('a/b/c', 'a/b')).toBe(false);
  });
});
