import { expect, test } from 'vitest';
import { Device } from '@pier/shared/api';
import { namedDevices } from './named.ts';

const device = (id: string, name: string) => ({ id: Device.shape.id.parse(id), name });
const found = new Map([
  ['d-1', [device('d-1', 'quay-1'), device('d-10', 'quay-10')]],
  ['quay-2', [device('d-2', 'quay-2'), device('d-20', 'quay-20')]],
  ['mill', [device('d-3', 'mill'), device('d-4', 'mill')]],
  ['nobody', [device('d-9', 'nobody-else')]],
]);

test('an id stands for itself, and a name for the one device that has it', () => {
  expect(namedDevices(['d-1', 'quay-2', 'd-2'], found)).toEqual({ ids: ['d-1', 'd-2'], byName: [device('d-2', 'quay-2')], wrong: [] });
  expect(namedDevices(['not-looked-up'], found).ids).toEqual(['not-looked-up']);
});

test('a name that more than one has, or none, is said', () => {
  expect(namedDevices(['mill', 'nobody'], found)).toEqual({
    ids: [], byName: [],
    wrong: [{ field: 'devices', says: '2 devices have the name "mill"; name them by id: d-3, d-4' }, { field: 'devices', says: 'no device has the id or the name "nobody"' }],
  });
});
