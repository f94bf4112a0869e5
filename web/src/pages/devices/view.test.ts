import { describe, expect, test } from 'vitest';
import { Device } from '@pier/shared/api';
import { fitter, paramsOf, soleSelector, unreadable, usualColumns, viewOf, whichOf, widest } from './view.ts';

const read = (text: string) => viewOf(new URLSearchParams(text));
const device = (change: Partial<Record<keyof Device, unknown>> = {}): Device =>
  Device.parse({ id: 'pump-1', name: 'Pump 1', model: 'raspberry-pi-5', tags: { site: 'lab' }, state: 'active', standing: 'in_step', why: null, online: true, lastSeenAt: null, agent: null, rev: 1, apps: [], createdAt: '2026-01-01T00:00:00.000Z', ...change });

describe('the address', () => {
  test('holds all of a view, and is read back to the same', () => {
    const address = 'q=site%3Dlab+and+role%3Dpump&search=pump&standing=failed%2Crefused&state=active&online=true&app=blink&rollout=r-1&deployment=failed%2Ctimed_out&order=standing&view=Mine&columns=why%2Ctags';
    expect(paramsOf(read(address)).toString()).toBe(address);
  });

  test('of the usual view is empty, and unknown words are left out', () => {
    expect(paramsOf(read('')).toString()).toBe('');
    expect(read('standing=failed,nonsense&order=size&columns=why,colour&online=maybe')).toMatchObject({ standing: ['failed'], order: 'id', columns: ['why'], online: undefined });
    expect(read('').columns).toBe(usualColumns);
    expect(paramsOf({ ...read(''), columns: [] }).toString()).toBe('columns=');
    expect(read('columns=').columns).toEqual([]);
  });

  test('states of deployments mean nothing without a rollout', () => {
    expect(read('deployment=failed').deployment).toEqual([]);
    expect(whichOf(read('rollout=r-1&deployment=failed,refused'))).toEqual({ rollout: 'r-1', deployment: 'failed,refused' });
  });
});

describe('which devices', () => {
  test('are asked for with what is set, and nothing else', () => {
    expect(whichOf(read('order=heard&columns=why&view=x'))).toEqual({});
    expect(whichOf(read('q=a%3D1&search=b&standing=failed&online=false'))).toEqual({ selector: 'a=1', search: 'b', standing: 'failed', online: 'false' });
    expect(whichOf(widest(read('q=a%3D1&search=b&standing=failed&online=false&app=x&rollout=y&state=active')))).toEqual({});
  });

  test('can be said by a selector alone only where nothing else narrows', () => {
    expect(soleSelector(read('q=a%3D1&order=heard'))).toBe('a=1');
    expect(soleSelector(read(''))).toBe('all');
    expect(soleSelector(read('q=a%3D1&standing=failed'))).toBeUndefined();
    expect(soleSelector(read('search=a'))).toBeUndefined();
  });

  test('a selector that cannot be read says so before anybody is asked', () => {
    expect(unreadable(read('q=site%3D'))?.code).toBe('input-invalid');
    expect(unreadable(read('q=site%3Dlab'))).toBeUndefined();
    expect(unreadable(read(''))).toBeUndefined();
  });
});

test.each([
  ['', {}, true],
  ['q=site%3Dlab', {}, true],
  ['q=site%3Dlab', { tags: {} }, false],
  ['search=PUMP+1', {}, true],
  ['search=pump-2', {}, false],
  ['standing=failed,in_step', {}, true],
  ['standing=failed', {}, false],
  ['state=pending', {}, false],
  ['online=false', {}, false],
  ['online=false', { online: false }, true],
])('a row under %s with %o fits: %s', (address, change, fits) => {
  expect(fitter(read(address))(device(change))).toBe(fits);
});
