import { describe, expect, test } from 'vitest';
import { Device, type DeviceStanding } from '@pier/shared/api';
import { movedRows } from './moved.ts';

const device = (lastSeenAt: string | null, standing: DeviceStanding = 'in_step'): Device =>
  Device.parse({ id: 'a', name: 'a', model: 'm', tags: {}, state: 'active', standing, why: null, online: true, lastSeenAt, agent: null, rev: 1, apps: [], createdAt: '' });
const heard = (...times: (string | null)[]) => times.map((time) => ({ sorted: device(null), now: device(time) }));
const all = (): boolean => true;

describe('rows that would move', () => {
  test('by id: only those that do not belong any more', () => {
    expect(movedRows(heard('3', '1'), 'id', all)).toBe(0);
    expect(movedRows(heard('3', '1'), 'id', ({ lastSeenAt }) => lastSeenAt !== '3')).toBe(1);
  });

  test('by standing: those that stand otherwise than when they were put in order', () => {
    const rows = [{ sorted: device(null, 'failed'), now: device(null, 'in_step') }, { sorted: device(null, 'failed'), now: device(null, 'failed') }];
    expect(movedRows(rows, 'standing', all)).toBe(1);
    expect(movedRows(rows, 'standing', ({ standing }) => standing === 'failed')).toBe(1);
  });

  test('by silence: as few as have to move, up or down, those never heard first', () => {
    expect(movedRows(heard(null, '1', '2', '3'), 'heard', all)).toBe(0);
    expect(movedRows(heard('9', '1', '2', '3'), 'heard', all)).toBe(1);
    expect(movedRows(heard('1', '2', '3', null), 'heard', all)).toBe(1);
    expect(movedRows(heard('4', '3', '2', '1'), 'heard', all)).toBe(3);
    expect(movedRows(heard('2', '2', '2'), 'heard', all)).toBe(0);
  });
});
