/** A device is known by its id to scripts and by its name to people; what could be two devices is neither. */
import { expect, test } from 'vitest';
import type { ApiClient, Device } from '@pier/shared/api';
import { DeviceId, Fault } from '@pier/shared/core';
import { deviceMeant, devicesMeant } from './index.ts';

const known = (id: string, name: string, state: Device['state'] = 'active'): Device => ({
  id: DeviceId.parse(id), name, model: 'pi', tags: {}, state, standing: 'in_step', why: null, online: true, lastSeenAt: null, agent: null, rev: 1, apps: [], createdAt: '2026-11-21T14:00:00.000Z',
});

/** A manager that knows these devices, gives pages of two, and compares letters as PostgreSQL's locale "C" does. */
function managerOf(devices: readonly Device[]): Pick<ApiClient, 'call'> {
  const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const answers: Readonly<Record<string, (request: { params?: { device?: string }; query?: { search?: string; cursor?: string } }) => unknown>> = {
    getDevice: ({ params }) => {
      const found = devices.find(({ id }) => id === params?.device);
      if (!found) throw new Fault('not-found', `there is no device "${params?.device}"`);
      return found;
    },
    listDevices: ({ query }) => {
      const part = query?.search?.toLowerCase();
      const all = devices.filter(({ id, name }) => part === undefined || id.includes(part) || lower(name).includes(part));
      const from = Number(query?.cursor ?? 0);
      return { items: all.slice(from, from + 2), next: from + 2 < all.length ? String(from + 2) : null };
    },
  };
  return { call: async (name: string, request: object) => answers[name]?.(request) } as Pick<ApiClient, 'call'>;
}

const fleet = managerOf([
  known('dock-1', 'dock-1'),
  known('dock-11', 'Dock 11'),
  known('dock-12', 'Dock 1'),
  known('mill-a', 'quay-1-x'),
  known('mill-b', 'Ölmühle'),
  known('mill-c', '水車'),
  known('quay-1-x', 'quay-1', 'revoked'),
  known('quay-1-y', 'quay-1'),
]);

test.each([
  ['an id', 'dock-11', 'dock-11'],
  ['an id that another device is called', 'quay-1-x', 'quay-1-x'],
  ['a name, whole and not a part of others', 'Dock 1', 'dock-12'],
  ['a name with letters that the database leaves as they are', 'Ölmühle', 'mill-b'],
  ['a name without any letter of ASCII', '水車', 'mill-c'],
])('%s means one device', async (_, word, id) => {
  expect(await deviceMeant(fleet, word)).toBe(id);
});

test('a name of two devices is refused with the ids of both, also where only one is active', async () => {
  const message = '2 devices are called "quay-1": quay-1-x (revoked), quay-1-y (active); say which by its id';
  await expect(deviceMeant(fleet, 'quay-1')).rejects.toMatchObject({ code: 'conflict', message });
});

test.each([
  ['dock 1', 'there is no device "dock 1"; did you mean dock-11 ("Dock 11") or dock-12 ("Dock 1")?'],
  ['mole', 'there is no device "mole"'],
  ['', 'there is no device ""'],
  ['x'.repeat(65), `there is no device "${'x'.repeat(65)}"`],
])('"%s" is no device, and nothing like it is taken', async (word, message) => {
  await expect(deviceMeant(fleet, word)).rejects.toMatchObject({ code: 'not-found', message });
});

test('one device by id and by name is one device', async () => {
  expect(await devicesMeant(fleet, ['Dock 1', 'dock-12', 'dock-1', 'dock-12'])).toEqual(['dock-12', 'dock-1']);
});

test('a manager that does not answer is told of, and not taken for one without that device', async () => {
  const gone = { call: async () => Promise.reject(new Fault('unreachable', 'no manager answers')) } as Pick<ApiClient, 'call'>;
  await expect(deviceMeant(gone, 'dock-1')).rejects.toMatchObject({ code: 'unreachable' });
});
