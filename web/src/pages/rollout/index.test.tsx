import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { Route, Router } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import { type AnswerOf, Gate, Release, type Rollout, type VerbPreview, type WaveState, type WaveView, rolloutVerbs } from '@pier/shared/api';
import { AppName, DeviceId, Digest, Fault, Version } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import RolloutPage from './index.tsx';

const at = '2026-11-20T02:05:00.000Z';
const wave = (n: number, state: WaveState, counts: WaveView['counts'], gate: Partial<Gate> = {}): WaveView => ({ n, state, plan: { take: { by: 'count', count: 1 }, gate: Gate.parse(gate), advance: 'auto' }, total: Object.values(counts).reduce((all, one) => all + one, 0), counts, absent: 0, openedAt: at, passedAt: null });
const rollout: Rollout = {
  id: 'rollout-1', name: 'meter 3.1.0', release: 'rel-2', app: AppName.parse('meter'), version: Version.parse('3.1.0'), digest: Digest.parse(`sha256:${'a'.repeat(64)}`), state: 'paused', cause: 'gate',
  reason: { code: 'gate.failures', reason: 'wave 2 failed: 3 of 9 finished devices ended badly' }, selector: 'ring=a', mode: 'static', soakS: 60, deadlineS: 600, maxInFlight: 30, onFailure: 'pause', horizonS: 86_400, revision: 7,
  waves: [wave(1, 'passed', { proven: 2 }), wave(2, 'failed', { proven: 6, failed: 2, refused: 1, waiting: 4 }, { failurePercent: 10 }), wave(3, 'pending', { waiting: 18 })], createdBy: 'ada', decidedBy: null, createdAt: at, finishedAt: null,
};
const previews = (possible: Partial<Record<VerbPreview['verb'], number>>): AnswerOf<'previewRollout'> => ({ revision: 7, items: rolloutVerbs.map((verb) => ({ verb, possible: possible[verb] !== undefined, devices: possible[verb] ?? 0, sentence: possible[verb] === undefined ? `${verb} does not fit now` : `hits ${possible[verb]} devices` })) });
const device = (name: string) => DeviceId.parse(name);
const failed = (name: string, state: 'failed' | 'refused', code: string): AnswerOf<'listDeployments'>['items'][number] => ({ rollout: 'rollout-1', device: device(name), app: rollout.app, wave: 2, state, attempt: 1, reason: { code, reason: `${code} said` }, updatedAt: at, deadlineAt: null });
const reason = (code: string, count: number, devices: string[]) => ({ code, sentence: code, remedy: null, count, devices: devices.map(device) });
const why: AnswerOf<'whyRollout'> = { total: 33, proven: 8, reasons: [reason('rollout.wave-pending', 18, ['pi-20', 'pi-21']), reason('rollout.paused-gate', 4, ['pi-10', 'pi-11']), reason('app.failed', 2, ['pi-1', 'pi-2']), reason('device.refused', 1, ['pi-3'])] };

type Given = { readonly of?: Partial<Rollout>; readonly why?: AnswerOf<'whyRollout'>; readonly verbs?: Parameters<typeof previews>[0]; readonly role?: 'viewer' | 'operator'; readonly acts?: unknown[]; /** What happens while an act is on its way. */ readonly before?: () => void; /** All releases of the app, this one as well; each had a rollout. */ readonly releases?: AnswerOf<'listReleases'>['items'] };

/** The page under its address, with all that the manager would say of this rollout. */
function page({ of = {}, why: said = why, verbs = { retry: 3, exclude: 7, roll_back: 11, advance: 20, abort: 24 }, role = 'operator', acts = [], releases = [], before }: Given = {}) {
  const { hook } = memoryLocation({ path: '/rollouts/rollout-1' });
  return show(<Router hook={hook}><Route path="/rollouts/:id"><RolloutPage /></Route></Router>, {
    me: { user: 'eve', role },
    answers: {
      getRollout: () => ({ ...rollout, ...of }), whyRollout: () => said, previewRollout: () => previews(verbs),
      listDeployments: (request) => ({ items: [failed('pi-1', 'failed', 'guest-trapped'), failed('pi-2', 'failed', 'guest-trapped'), failed('pi-3', 'refused', 'unsigned')].filter(({ state }) => JSON.stringify(request).includes(`"${state}"`)), next: null }),
      contrastRollout: () => ({ badly: 3, proven: 8, facts: [{ fact: 'model', value: 'raspberry-pi-3b', badly: 3, proven: 1 }] }),
      progressRollout: () => ({ total: 33, points: [{ at, proven: 0, badly: 0 }, { at, proven: 8, badly: 3 }] }),
      listReleases: () => ({ items: releases, next: null }),
      listRollouts: () => ({ items: releases.map(() => rollout), next: null }),
      listAudit: () => ({ items: [{ id: '2', at, actor: 'rollout:rollout-1', action: 'rollout.paused', object: 'rollout:rollout-1', detail: { reason: { code: 'x', reason: 'too many' } } }, { id: '1', at, actor: 'ada', action: 'rollout.created', object: 'rollout:rollout-1', detail: { devices: 33, remark: 'ticket 4471' } }], next: null }),
      actOnRollout: (request) => {
        acts.push(request);
        before?.();
        throw new Fault('revision-stale', 'bob retried it 4 s ago. Look again');
      },
    },
  });
}

test('one that its gate stopped says so, what devices run, what the bad ones have in common, and why Resume is off', async () => {
  const screen = await page();
  await expect.element(screen.getByText('Paused by its gate, wave 2 of 3')).toBeVisible();
  await expect.element(screen.getByText(/8 run 3\.1\.0 and stay on it; 3 ended badly; 22 wait and keep what they run\./)).toBeVisible();
  await expect.element(screen.getByText('Resume is off: resume does not fit now.')).toBeVisible();
  await expect.element(screen.getByRole('row', { name: /Pi 3 B/ })).toHaveTextContent('modelPi 3 B3 of 31 of 8');
  await expect.element(screen.getByText('by ada “ticket 4471”')).toBeVisible();
});

test('the ledger adds up, and bad ends are grouped by what the devices said', async () => {
  const screen = await page();
  await expect.element(screen.getByRole('heading', { name: '8 of 33 proven, 24.2 %' })).toBeVisible();
  await expect.element(screen.getByRole('list', { name: 'How devices ended badly' })).toHaveTextContent('2Guest-trapped said guest-trapped pi-1, pi-2These 21Unsigned said unsigned pi-3Why not pi-3');
  expect(screen.getByText(/do not add up/).elements()).toEqual([]);
});

test('reasons that do not add up are told as an error', async () => {
  const screen = await page({ why: { ...why, total: 40 } });
  await expect.element(screen.getByText(/The reasons count 25, but 32 are not proven\./)).toBeVisible();
});

test('a roll back asks for the typed name, shows every device in a row, and tells who was quicker without losing the reason', async () => {
  const acts: unknown[] = [];
  const screen = await page({ acts });
  await screen.getByRole('button', { name: 'Roll back…' }).click();
  const dialog = screen.getByRole('dialog');
  await expect.element(dialog.getByText('All its devices')).toBeVisible();
  await expect.poll(() => dialog.getByRole('row').elements().map((row) => row.textContent)).toEqual(['OrderDevicesWhat happens', 'First, wave 29go back to what ran before', 'Then, wave 12go back to what ran before', ' Waiting22never took it and are left out', 'All its devices33in all']);
  await dialog.getByLabelText('Why (kept in the audit)').fill('they do not start');
  await dialog.getByLabelText('Type meter 3.1.0 to confirm').fill('meter 3.1.0');
  await dialog.getByRole('button', { name: 'Roll back 11 devices' }).click();
  await expect.element(dialog.getByRole('alert').getByText(/Bob retried it 4 s ago\. Look again\./)).toBeVisible();
  await expect.element(dialog.getByLabelText('Why (kept in the audit)')).toHaveValue('they do not start');
  expect(acts).toMatchObject([{ ifMatch: 7, body: { verb: 'roll_back', remark: 'they do not start' } }]);
});

test('a roll back of the first release says that the app is removed, asks for the name, and Enter in the reason does not do it', async () => {
  const acts: unknown[] = [];
  const own = Release.parse({ id: 'rel-2', app: 'meter', version: '3.1.0', counter: 2, repository: 'apps/meter', digest: rollout.digest, sizeBytes: 9, asks: {}, limits: {}, permissions: [], state: 'verified', reason: null, signedBy: [], createdAt: at });
  const screen = await page({ acts, releases: [own], of: { waves: [wave(1, 'passed', { proven: 3 })] }, verbs: { roll_back: 3 } });
  await screen.getByRole('button', { name: 'Roll back…' }).click();
  const dialog = screen.getByRole('dialog');
  await expect.element(dialog.getByText('devices lose the app: it is REMOVED, nothing ran before')).toBeVisible();
  await dialog.getByLabelText('Type meter 3.1.0 to confirm').fill('meter 3.1.0');
  await dialog.getByLabelText('Why (kept in the audit)').click();
  await userEvent.keyboard('wrong one{Enter}');
  expect(acts).toEqual([]);
  await dialog.getByLabelText('Type meter 3.1.0 to confirm').click();
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => acts).toMatchObject([{ body: { verb: 'roll_back', remark: 'wrong one' } }]);
});

test('a second press on Pause while the first is on its way asks for nothing more, and whoever finds it paused already has no error', async () => {
  const acts: unknown[] = [];
  const now: { state: Rollout['state'] } = { state: 'running' };
  const screen = await page({ acts, of: now, verbs: { pause: 3, resume: 3 }, before: () => { now.state = 'paused'; } });
  await screen.getByRole('button', { name: 'Pause' }).dblClick();
  await expect.element(screen.getByRole('button', { name: 'Resume' })).toBeEnabled();
  expect(acts).toMatchObject([{ body: { verb: 'pause' } }]);
  expect(screen.getByText('Not done.').elements()).toEqual([]);
});

test('of one that is over for everybody Abort is off, and says so', async () => {
  const screen = await page({ of: { state: 'completed', cause: null, reason: null, waves: [wave(1, 'passed', { proven: 3 })] }, verbs: { abort: 0, roll_back: 3 } });
  await expect.element(screen.getByText('Abort is off: no device of it waits any more, and none joins.')).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Abort…' })).toHaveAttribute('aria-disabled', 'true');
});

test('a retry begins with all that ended badly and names those that are left chosen', async () => {
  const acts: unknown[] = [];
  const screen = await page({ acts });
  await screen.getByRole('button', { name: 'Retry 3 failed…' }).click();
  await screen.getByRole('checkbox', { name: /unsigned/ }).click();
  await screen.getByRole('dialog').getByRole('button', { name: /^Retry \d/ }).click();
  await expect.poll(() => acts).toMatchObject([{ body: { verb: 'retry', devices: ['pi-1', 'pi-2'] } }]);
});

test('one that waits says for whom, and offers to approve', async () => {
  const screen = await page({ of: { state: 'awaiting_approval', cause: null, reason: { code: 'approval.second-person', reason: 'x' } }, verbs: { approve: 33, deny: 33 } });
  await expect.element(screen.getByText('Waits for approval by someone else than ada')).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Approve…' })).toBeEnabled();
});

test('whoever may only look sees each verb, off, and why', async () => {
  const screen = await page({ role: 'viewer' });
  await expect.element(screen.getByText('For operators; you are viewer.').first()).toBeInTheDocument();
  await expect.element(screen.getByRole('button', { name: 'Roll back…' })).toHaveAttribute('aria-disabled', 'true');
});
