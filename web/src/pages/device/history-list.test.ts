import { expect, test } from 'vitest';
import type { AuditRecord, DeviceEvent } from '@pier/shared/api';
import { eventWords, mergeHistory } from './history-list.ts';

const event = (at: string): DeviceEvent => ({ id: at, at, type: 'app.trapped', app: null, digest: null, attempt: null, code: null, reason: null, lastOutput: [], safeMs: null });
const record = (at: string): AuditRecord => ({ id: at, at, actor: 'ada', action: 'binding.set', object: 'device:d', detail: {} });

test('both lists are one, newest first', () => {
  expect(mergeHistory({ items: [event('4'), event('2')], more: false }, { items: [record('5'), record('3')], more: false }).map(({ at }) => at)).toEqual(['5', '4', '3', '2']);
});

test('nothing is shown beyond the end of a list that goes on: there may be something between', () => {
  expect(mergeHistory({ items: [event('9'), event('8')], more: true }, { items: [record('7'), record('1')], more: false }).map(({ at }) => at)).toEqual(['9', '8']);
  expect(mergeHistory({ items: [], more: false }, { items: [record('7')], more: true }).map(({ at }) => at)).toEqual(['7']);
});

test('events are said in words, unknown ones as they are', () => {
  expect(eventWords({ type: 'app.trapped', app: 'blink' as DeviceEvent['app'] })).toBe('blink: trapped');
  expect(eventWords({ type: 'desired.refused', app: null })).toBe('The device: refused the document of what it should run');
  expect(eventWords({ type: 'moon.full', app: null })).toBe('The device: moon.full');
});
