import { beforeEach, expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { Device, Fleet, Forecast, Release, Rollout, type RolloutPlan } from '@pier/shared/api';
import { show } from '../../testing/render.tsx';
import NewRolloutPage from './index.tsx';

const at = '2026-11-21T18:00:00.000Z';
const digest = `sha256:${'a'.repeat(64)}`;
const release = (id: string, version: string, counter: number): Release => Release.parse({ id, app: 'blink', version, counter, repository: 'apps/blink', digest, sizeBytes: 9_000, asks: {}, limits: {}, permissions: [], state: 'verified', reason: null, signedBy: ['a'.repeat(64)], createdAt: at });
const fleet = Fleet.parse({ at, total: 6, online: 6, pending: 0, standings: { in_step: 6 }, apps: [{ app: 'blink', devices: 6, versions: [{ version: '1.0.0', devices: 6 }] }], sites: [] });
const forecast = (change: Record<string, unknown> = {}): Forecast => Forecast.parse({
  app: 'blink', version: '2.0.0', devices: 6, online: 5, waves: [{ n: 1, devices: 1 }, { n: 2, devices: 5 }], bytes: 54_000, leftOut: [{ code: 'assigned.by-hand', sentence: 'A person assigned it.', count: 2, devices: ['a-1', 'a-2'] }],
  wouldWait: [{ code: 'device.offline', sentence: 'The device is offline.', count: 1, devices: ['b-1'] }], needsApproval: null, ...change,
});
const started = (plan: RolloutPlan): Rollout => Rollout.parse({ ...plan, id: 'r-9', name: 'x', app: 'blink', version: '2.0.0', digest, state: 'running', cause: null, reason: null, selector: plan.selector ?? null, revision: 1, waves: [], createdBy: 'ada', decidedBy: null, createdAt: at, finishedAt: null });

const answers = {
  listReleases: () => ({ items: [release('rel-2', '2.0.0', 2), release('rel-1', '1.0.0', 1)], next: null }),
  getFleet: () => fleet,
  countDevices: () => ({ total: 6, online: 6, standings: { in_step: 6 } }),
  listDevices: () => ({ items: [], next: null }),
  compareRelease: () => ({ from: 'rel-1', to: 'rel-2', added: ['switches one output, “siren”'], removed: ['reads the input “button”'], changed: [] }),
  forecastRollout: () => forecast(),
};

/** Opened by a link that names the release and all devices. */
const open = (more: Parameters<typeof show>[1] = {}, search = '?release=rel-2&selector=all') => {
  window.history.replaceState(null, '', search);
  return show(<NewRolloutPage />, { ...more, answers: { ...answers, ...more.answers } });
};
beforeEach(() => window.sessionStorage.clear());

test('says who gets it, who is left out or waits, what is new, and the command that does the same', async () => {
  const screen = await open();
  await expect.element(screen.getByRole('img', { name: '6 of 8 will get it, 1 of them wait first, 2 left out' })).toBeVisible();
  await expect.element(screen.getByText(/A person assigned it\./)).toBeVisible();
  await expect.element(screen.getByRole('region', { name: 'Devices', exact: true })).toBeVisible();
  await expect.element(screen.getByRole('link', { name: 'b-1' })).toHaveAttribute('href', '/devices/b-1');
  await expect.element(screen.getByText('which 6 of 6 devices run now')).toBeVisible();
  await expect.element(screen.getByText('New: it switches one output, “siren”')).toBeVisible();
  await expect.element(screen.getByText('No longer: it reads the input “button”')).toBeVisible();
  await expect.element(screen.getByText('./pier rollout start rel-2 -l all --wave 1 --wave rest')).toBeVisible();
  await expect.poll(() => window.location.search).toBe('');
});

test('nothing is sent before the last button, which names the count; then the plan goes once, under a key', async () => {
  const sent: { body: RolloutPlan; idempotencyKey: string }[] = [];
  const screen = await open({ answers: { createRollout: (request: unknown) => { const one = request as { body: RolloutPlan; idempotencyKey: string }; sent.push(one); return started(one.body); } } });
  await screen.getByRole('textbox', { name: 'Devices in wave 1' }).fill('3');
  await screen.getByRole('button', { name: 'Start for 6 devices…' }).click();
  expect(sent).toEqual([]);
  await screen.getByRole('button', { name: 'Start for 6 devices', exact: true }).click();
  await expect.poll(() => window.location.pathname).toBe('/rollouts/r-9');
  expect(sent).toMatchObject([{ body: { release: 'rel-2', selector: 'all', waves: [{ take: { by: 'count', count: 3 } }, { take: { by: 'rest' } }] }, idempotencyKey: expect.stringMatching(/.{8,}/) as string }]);
  await expect.poll(() => window.sessionStorage.length).toBe(0);
});

test('where a second person has to agree, the button asks for it and says why', async () => {
  const screen = await open({ answers: { forecastRollout: () => forecast({ needsApproval: { code: 'approval.second-person', reason: 'it goes to 6 devices' } }) } });
  await expect.element(screen.getByRole('button', { name: 'Ask for approval for 6 devices…' })).toBeVisible();
  await expect.element(screen.getByText(/It goes to 6 devices\./)).toBeVisible();
});

test('a forecast that is refused is said in words, the form stays, and the start is off', async () => {
  const screen = await open({ answers: { forecastRollout: () => { throw new Fault('selection-empty', 'no device matches'); } } });
  await expect.element(screen.getByText(/No device matches\./)).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Start…' })).toHaveAttribute('aria-disabled', 'true');
  await expect.element(screen.getByRole('combobox', { name: 'Release' })).toHaveValue('rel-2');
});

test('what is wrong is said at its field, and why it cannot start beside the button', async () => {
  const screen = await open();
  await screen.getByRole('group', { name: 'Wave 1' }).getByRole('textbox', { name: 'Proven, at least' }).fill('120');
  await expect.element(screen.getByText('a number from 0 to 100 is expected', { exact: true }).first()).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Start…' })).toHaveAttribute('aria-disabled', 'true');
});

test('a device may be named by its name, and the plan has its id; a name that nobody has is said', async () => {
  const asked: { devices?: string[] }[] = [];
  const device = Device.parse({ id: 'd-2', name: 'quay-2', model: 'raspberry-pi-5', tags: {}, state: 'active', standing: 'in_step', why: null, online: true, lastSeenAt: at, agent: null, rev: 1, apps: [], createdAt: at });
  const screen = await open({ answers: {
    listDevices: (request: unknown) => ({ items: device.name.includes((request as { query: { search?: string } }).query.search ?? '') ? [device] : [], next: null }),
    forecastRollout: (request: unknown) => { asked.push((request as { body: { devices?: string[] } }).body); return forecast(); },
  } }, '?release=rel-2&devices=quay-2');
  await expect.element(screen.getByText('quay-2 is d-2.')).toBeVisible();
  await expect.poll(() => asked.at(-1)?.devices).toEqual(['d-2']);
  await screen.getByRole('textbox', { name: 'Ids or names of devices, parted by commas or lines' }).fill('quay-9');
  await expect.element(screen.getByText('No device has the id or the name "quay-9"', { exact: true })).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Start…' })).toHaveAttribute('aria-disabled', 'true');
});

test('a reload brings back what was typed; discard does not', async () => {
  const first = await open();
  await first.getByRole('textbox', { name: 'Name' }).fill('spring');
  await first.getByRole('button', { name: 'Add a wave' }).click();
  await first.unmount();
  const again = await open({}, '?');
  await expect.element(again.getByRole('textbox', { name: 'Name' })).toHaveValue('spring');
  await expect.element(again.getByRole('group', { name: 'Wave 3' })).toBeVisible();
  await again.getByRole('button', { name: 'Discard…' }).click();
  await expect.element(again.getByRole('textbox', { name: 'Name' })).toHaveValue('spring');
  await again.getByRole('button', { name: 'Discard the draft' }).click();
  await expect.element(again.getByRole('textbox', { name: 'Name' })).toHaveValue('');
  await expect.poll(() => window.sessionStorage.length).toBe(0);
});

test('a viewer sees the page, and why nothing can be started; nothing is asked in vain', async () => {
  const asked: unknown[] = [];
  const screen = await open({ me: { user: 'eve', role: 'viewer' }, answers: { forecastRollout: (request: unknown) => { asked.push(request); return forecast(); } } });
  await expect.element(screen.getByText('For operators; you are viewer.').first()).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Start…' })).toHaveAttribute('aria-disabled', 'true');
  expect(asked).toEqual([]);
});
