import { beforeEach, expect, test } from 'vitest';
import { Fleet, Rollout } from '@pier/shared/api';
import { show } from '../../testing/render.tsx';
import RolloutsPage from './index.tsx';

const at = '2026-11-21T18:00:00.000Z';
const rollout = (id: string, change: Record<string, unknown> = {}): Rollout => Rollout.parse({
  id, name: 'blink 1.6.0', release: 'rel-1', app: 'blink', version: '1.6.0', digest: `sha256:${'a'.repeat(64)}`, state: 'paused', cause: 'gate', reason: { code: 'gate.failures', reason: 'wave 1 failed its gate' },
  selector: 'site=mill', mode: 'static', soakS: 1, deadlineS: 60, maxInFlight: 5, onFailure: 'pause', horizonS: 60, revision: 1, createdBy: 'ada', decidedBy: null, createdAt: at, finishedAt: null,
  waves: [{ n: 1, state: 'passed', plan: { take: { by: 'rest' } }, total: 2, counts: { proven: 2 }, absent: 0, openedAt: at, passedAt: at }, { n: 2, state: 'failed', plan: { take: { by: 'rest' } }, total: 2, counts: { failed: 1, waiting: 1 }, absent: 0, openedAt: at, passedAt: null }],
  ...change,
});
const fleet = Fleet.parse({ total: 4, online: 4, standings: {}, at, apps: [], sites: [], pending: 0 });
type Query = { readonly live?: string; readonly app?: string; readonly cursor?: string; readonly limit?: number };
const open = (search: string, listRollouts: (query: Query) => { items: Rollout[]; next: string | null }) => {
  window.history.replaceState(null, '', `/rollouts${search}`);
  return show(<RolloutsPage />, { answers: { listRollouts: (request: unknown) => listRollouts((request as { query: Query }).query), getFleet: () => fleet } });
};
beforeEach(() => window.history.replaceState(null, '', '/'));

test('shows what moves: state, release, how far, and why not further', async () => {
  const screen = await open('', ({ live }) => ({ items: live === 'true' ? [rollout('r-1', { name: 'spring' })] : [], next: null }));
  await expect.element(screen.getByText('1 that move or wait for a person')).toBeVisible();
  await expect.element(screen.getByText('Paused by its gate')).toBeVisible();
  await expect.element(screen.getByRole('img', { name: 'blink 1.6.0: 2 of 4 devices proven; gap: 1 waiting, 1 failed' })).toBeVisible();
  await expect.element(screen.getByText('Wave 1 failed its gate')).toBeVisible();
  await expect.element(screen.getByText('spring')).toBeVisible();
  await expect.element(screen.getByRole('link', { name: 'blink 1.6.0' })).toHaveAttribute('href', '/rollouts/r-1');
});

test.each([
  ['what moves', [rollout('r-1')], '?show=live', 'Live'],
  ['all, where nothing does', [], '?show=all', 'All'],
])('a bare address shows %s, and says so from then on', async (_what, moving, address, tab) => {
  const screen = await open('', ({ live }) => ({ items: live === 'true' ? moving : [rollout('r-9', { state: 'completed', cause: null, reason: null })], next: null }));
  await expect.poll(() => window.location.search).toBe(address);
  await expect.element(screen.getByRole('link', { name: tab, exact: true })).toHaveAttribute('aria-current', 'page');
  await expect.poll(() => screen.getByRole('rowheader').elements().length).toBe(1);
});

test('pages are asked for one by one, and the tab is part of the address', async () => {
  const asked: Query[] = [];
  const screen = await open('', (query) => {
    asked.push(query);
    return query.cursor === 'more' ? { items: [rollout('r-2')], next: null } : { items: [rollout('r-1')], next: query.live === 'true' ? null : 'more' };
  });
  await screen.getByRole('link', { name: 'All', exact: true }).click();
  await expect.poll(() => window.location.search).toBe('?show=all');
  await expect.element(screen.getByText('The newest 1 rollout.')).toBeVisible();
  await screen.getByRole('button', { name: 'Show older' }).click();
  await expect.poll(() => screen.getByRole('rowheader').elements().length).toBe(2);
  await expect.poll(() => asked.at(-1)).toMatchObject({ cursor: 'more' });
  expect(asked.at(-1)).not.toHaveProperty('live');
});

test('nothing that moves is not nothing at all: the way to the others stands there', async () => {
  const screen = await open('?show=live&app=blink', ({ live, app }) => ({ items: live === 'true' || app !== undefined ? [] : [rollout('r-1')], next: null }));
  await expect.element(screen.getByText(/No rollout of .* moves or waits for a person now/)).toBeVisible();
  await expect.element(screen.getByRole('link', { name: 'All rollouts' })).toHaveAttribute('href', '/rollouts?show=all&app=blink');
  await screen.getByRole('button', { name: 'All apps' }).click();
  await expect.poll(() => window.location.search).toBe('?show=live');
});

test('of devices that were named one by one it is said how many', async () => {
  const screen = await open('?show=all', () => ({ items: [rollout('r-1', { selector: null })], next: null }));
  await expect.element(screen.getByRole('cell', { name: '4 named' })).toBeVisible();
});

test('without any rollout there is one step', async () => {
  const screen = await open('', () => ({ items: [], next: null }));
  await expect.element(screen.getByText('There was no rollout yet.')).toBeVisible();
});
