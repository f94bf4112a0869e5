import { expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { Device, Fleet, Release, Rollout } from '@pier/shared/api';
import { show } from '../../testing/render.tsx';
import OverviewPage from './index.tsx';

const at = '2026-11-21T18:00:00.000Z';
const fleet = (change: Record<string, unknown> = {}): Fleet => Fleet.parse({
  at, total: 6, online: 5, pending: 0, standings: { in_step: 4, refused: 1, offline: 1 },
  apps: [{ app: 'blink', devices: 6, versions: [{ version: '1.4.0', devices: 5 }, { version: '1.5.0', devices: 1 }] }],
  sites: [{ site: 'quay "b"', devices: 2, online: 1 }, { site: null, devices: 4, online: 4 }],
  ...change,
});
const rollout = Rollout.parse({
  id: 'r-1', name: 'blink 1.6.0', release: 'rel-1', app: 'blink', version: '1.6.0', digest: `sha256:${'a'.repeat(64)}`, state: 'paused', cause: 'gate', reason: { code: 'gate.failures', reason: 'wave 1 failed: 1 of 1 ended badly' },
  selector: 'all', mode: 'static', soakS: 1, deadlineS: 60, maxInFlight: 5, onFailure: 'pause', horizonS: 60, revision: 1, createdBy: 'ada', decidedBy: null, createdAt: at, finishedAt: null,
  waves: [{ n: 1, state: 'failed', plan: { take: { by: 'rest' } }, total: 2, counts: { proven: 1, refused: 1 }, absent: 0, openedAt: at, passedAt: null }, { n: 2, state: 'pending', plan: { take: { by: 'rest' } }, total: 4, counts: { waiting: 4 }, absent: 1, openedAt: null, passedAt: null }],
});
const device = (id: string, standing: string): Device => Device.parse({ id, name: id, model: 'm', tags: {}, state: 'active', standing, why: { code: 'release-older', reason: 'the release is older' }, online: true, lastSeenAt: at, agent: null, rev: 1, apps: [], createdAt: at });
const release = Release.parse({ id: 'rel-1', app: 'blink', version: '1.6.0', counter: 9, repository: 'apps/blink', digest: `sha256:${'a'.repeat(64)}`, sizeBytes: 9_000, asks: {}, limits: {}, permissions: [], state: 'verified', reason: null, signedBy: [], createdAt: at });

const answers = {
  getFleet: () => fleet(),
  listRollouts: () => ({ items: [rollout], next: null }),
  listDevices: (request: unknown) => ({ items: [JSON.stringify(request).includes('offline') ? device('far-1', 'offline') : device('mill-1', 'refused')], next: null }),
  listAudit: () => ({ items: [{ id: '7', at, actor: 'ada', action: 'rollout.created', object: 'rollout:r-1', detail: { devices: 6, remark: 'leak fix' } }], next: null }),
  listReleases: () => ({ items: [release], next: null }),
  getAbout: () => ({ version: '9.9.9', node: '24', database: { version: '18', embedded: true }, replica: 'main', startedAt: at, simulator: false, policy: 1 }),
};

test('opens with the state of the fleet in a sentence, what moves, and what comes first', async () => {
  const screen = await show(<OverviewPage />, { answers });
  await expect.element(screen.getByRole('heading', { level: 1 })).toHaveTextContent('6 devices');
  await expect.element(screen.getByText('4 in step with what they should run, 2 need a look')).toBeVisible();
  await expect.element(screen.getByText('1 rollout is paused')).toBeVisible();
  await expect.element(screen.getByRole('link', { name: 'blink 1.6.0 stopped itself at 1 of 6 proven' })).toHaveAttribute('href', '/rollouts/r-1');
});

test('each count of the fleet leads to the list of just these, and the gap of a rollout to its devices', async () => {
  const screen = await show(<OverviewPage />, { answers });
  await expect.element(screen.getByRole('link', { name: /^In step ?4/ })).toHaveAttribute('href', '/devices?standing=in_step');
  await expect.element(screen.getByRole('link', { name: '3 in waves not open' })).toHaveAttribute('href', '/devices?rollout=r-1&deployment=waiting');
  await expect.element(screen.getByRole('link', { name: '1 refused' })).toHaveAttribute('href', '/devices?rollout=r-1&deployment=refused');
  await expect.element(screen.getByRole('link', { name: 'quay "b"' })).toHaveAttribute('href', `/devices?q=${encodeURIComponent('site="quay \\"b\\""')}`);
});

test('needs are told worst first, and versions as they are reported', async () => {
  const screen = await show(<OverviewPage />, { answers });
  await expect.element(screen.getByRole('link', { name: 'Look: mill-1' })).toHaveAttribute('href', '/devices/mill-1');
  const acts = () => screen.getByRole('link', { name: /^Look:/ }).elements().map((one) => one.getAttribute('href'));
  await expect.poll(acts).toEqual(['/rollouts/r-1', '/devices/mill-1', '/devices/far-1']);
  await expect.element(screen.getByRole('img', { name: 'blink on 6 devices: 1.6.0 none, 1.4.0 5, 1.5.0 1' })).toBeVisible();
  await expect.element(screen.getByText('leak fix')).toBeVisible();
});

test('counts that do not add up are told as an error', async () => {
  const screen = await show(<OverviewPage />, { answers: { ...answers, getFleet: () => fleet({ total: 7 }) } });
  await expect.element(screen.getByText(/1 missing to the total of 7/)).toBeVisible();
});

test('a fleet that cannot be read is an error, not an empty one', async () => {
  const screen = await show(<OverviewPage />, { answers: { ...answers, getFleet: () => { throw new Fault('unreachable', 'nobody answers'); } } });
  await expect.element(screen.getByText(/could not be read.*nobody answers/i)).toBeVisible();
  expect(screen.getByText('No devices yet').elements()).toEqual([]);
});

const none = { ...answers, getFleet: () => fleet({ total: 0, online: 0, standings: {}, apps: [], sites: [] }), health: () => ({ ok: true, database: true, broker: true }), getAddresses: () => ({ device: 'https://manager:8443', mqtt: 'm', registry: 'r', ca: 'c' }) };

test('without a device, steps lead to the first: the token that is made stands in the commands', async () => {
  const asked: unknown[] = [];
  const screen = await show(<OverviewPage />, { answers: { ...none, createToken: (request: unknown) => { asked.push(request); return { id: 't', token: 'pier1.abc', expiresAt: '2099-01-01T00:00:00.000Z', uses: 1 }; } } });
  await expect.element(screen.getByText(/Database and broker answer; version 9\.9\.9/)).toBeVisible();
  await screen.getByRole('button', { name: 'Make a token for one board' }).click();
  await expect.element(screen.getByText('./pier agent start --data ./agent --manager https://manager:8443 --token pier1.abc --board sim:./board')).toBeVisible();
  expect(asked).toEqual([{ body: { uses: 1, expiresInS: 3_600 } }]);
});

test('before there is a policy no token can be made: the commands that set one come first', async () => {
  const about = () => ({ version: '9.9.9', node: '24', database: { version: '18', embedded: true }, replica: 'main', startedAt: at, simulator: false, policy: null });
  const screen = await show(<OverviewPage />, { answers: { ...none, getAbout: about } });
  await expect.element(screen.getByRole('group', { name: 'Making and setting the first policy' }).getByText(/pier policy push policy\.json/)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Make a token for one board' }).query()).toBeNull();
});

test('a viewer is told why no token can be made; a manager that waits for its database says so', async () => {
  const screen = await show(<OverviewPage />, { me: { user: 'eve', role: 'viewer' }, answers: { ...none, health: () => ({ ok: false, database: false, broker: true }) } });
  await expect.element(screen.getByText('For operators; you are viewer.')).toBeVisible();
  await expect.element(screen.getByText(/It waits for the database\./)).toBeVisible();
});

test('a board that asks to join is shown at once, with the step to let it in', async () => {
  const screen = await show(<OverviewPage />, { answers: { ...none, getFleet: () => fleet({ total: 1, online: 0, pending: 1, standings: { pending: 1 }, apps: [], sites: [] }) } });
  await expect.element(screen.getByRole('link', { name: '1 board to let in' })).toHaveAttribute('href', '/enrol');
});
