import { expect, test } from 'vitest';
import { AuditRecord } from '@pier/shared/api';
import { enrolledOf } from './enrolled.ts';

let ids = 0;
const entry = (action: string, object: string, actor: string, { at, ...detail }: { at: string; [key: string]: string }): AuditRecord => AuditRecord.parse({ id: String((ids += 1)), at, actor, action, object, detail });
const sinceMs = Date.parse('2026-11-19T12:00:00Z');

test('boards that a token let in and boards that a person approved stand in one list, newest first', () => {
  const rows = enrolledOf({
    alone: [entry('device.enrolled', 'device:a', 'token:t-1', { at: '2026-11-20T08:00:00.000Z', model: 'raspberry-pi-5' })],
    approved: [entry('device.approved', 'device:b', 'ada', { at: '2026-11-20T09:00:00.000Z', keyId: 'k' })],
    asked: [entry('device.asked', 'device:b', 'token:t-2', { at: '2026-11-18T09:00:00.000Z', model: 'raspberry-pi-4b' })],
    sinceMs,
  });
  expect(rows).toEqual([
    { device: 'b', model: 'raspberry-pi-4b', token: 't-2', by: 'ada', at: '2026-11-20T09:00:00.000Z' },
    { device: 'a', model: 'raspberry-pi-5', token: 't-1', by: undefined, at: '2026-11-20T08:00:00.000Z' },
  ]);
});

test('what is older is left out, and what was asked too long ago to be told has neither model nor token', () => {
  const rows = enrolledOf({
    alone: [entry('device.enrolled', 'device:old', 'token:t-1', { at: '2026-11-19T11:59:59.000Z', model: 'x' })],
    approved: [entry('device.approved', 'device:c', 'ada', { at: '2026-11-20T09:00:00.000Z' })],
    asked: [],
    sinceMs,
  });
  expect(rows).toEqual([{ device: 'c', model: undefined, token: undefined, by: 'ada', at: '2026-11-20T09:00:00.000Z' }]);
});
