import { beforeEach, expect, test } from 'vitest';
import type { Locator } from 'vitest/browser';
import { type AnswerOf, Fleet, Release } from '@pier/shared/api';
import { aboutWith, show } from '../../testing/render.tsx';
import ReleasesPage from './index.tsx';

/** The text of a part, asked again until it fits. */
const wordsOf = (part: Locator) => (): string => part.elements()[0]?.textContent ?? '';

const key = 'a'.repeat(64);
function release(app: string, version: string, change: Partial<Release> = {}): Release {
  return Release.parse({ id: `rel-${app}-${version}`, app, version, counter: 10_600, repository: `apps/${app}`, digest: `sha256:${'1'.repeat(64)}`, sizeBytes: 412_000, asks: { gpio: [], serial: [], storage: [], telemetry: [] }, limits: { memoryMb: 1, watchdogS: 60, maxOutputBytesPerS: 1_000 }, permissions: [], state: 'verified', reason: null, signedBy: [key], createdAt: '2026-11-20T10:00:00.000Z', ...change });
}
const fleet = Fleet.parse({ total: 8, online: 8, standings: {}, at: '2026-11-20T10:00:00.000Z', apps: [{ app: 'blink', devices: 5, versions: [{ version: '1.0.0', devices: 5 }] }], sites: [], pending: 0 });
const policy = { number: 1, root: key, envelope: { payloadType: '', payload: '', signatures: [] }, document: { keys: [{ id: key, name: 'release-2026', role: 'release' }], scopes: [], bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', approvals: null }, setBy: 'ada', setAt: '2026-11-20T10:00:00.000Z' } as AnswerOf<'getPolicy'>;
const all = [release('meter', '2.0.0'), release('blink', '1.0.0'), release('blink', '0.9.0', { state: 'rejected', signedBy: [], reason: { code: 'untrusted-signer', reason: '0 of 1 needed keys' } })];
const ofApp = (request: unknown): Release[] => all.filter(({ app }) => !JSON.stringify(request).includes('"app"') || JSON.stringify(request).includes(`"app":"${app}"`));
const answers = { listReleases: (request: unknown) => ({ items: ofApp(request), next: null }), getFleet: () => fleet, getAbout: aboutWith(1), getPolicy: () => policy };

beforeEach(() => window.history.replaceState(null, '', '/releases'));

test('each release says its state, its signers by name, and how many devices report its version', async () => {
  const screen = await show(<ReleasesPage />, { answers });
  const row = screen.getByRole('row', { name: /blink 1\.0\.0/ });
  await expect.poll(wordsOf(row)).toContain('Signed1 key: release-202610,600412 kB5');
  await expect.element(row.getByRole('link', { name: 'blink 1.0.0' })).toHaveAttribute('href', '/releases/rel-blink-1.0.0');
  await expect.poll(wordsOf(screen.getByRole('row', { name: /meter 2\.0\.0/ }))).toContain('412 kB0');
  await expect.poll(wordsOf(screen.getByRole('row', { name: /blink 0\.9\.0/ }))).toContain('Not acceptedno key of the policy0 of 1 needed keys');
  await expect.element(screen.getByText('All 3 releases.')).toBeVisible();
});

test('the app stands in the address, and the choice offers every app that is known', async () => {
  const screen = await show(<ReleasesPage />, { answers });
  await screen.getByRole('combobox', { name: 'Releases of' }).selectOptions('blink');
  await expect.element(screen.getByText('All 2 releases.')).toBeVisible();
  await expect.poll(() => window.location.search).toBe('?app=blink');
  await expect.poll(() => [...document.querySelectorAll('option')].map(({ value }) => value)).toEqual(['', 'blink', 'meter']);
});

test('an app without releases is told apart from a manager without any', async () => {
  window.history.replaceState(null, '', '/releases?app=blinc');
  const screen = await show(<ReleasesPage />, { answers });
  await expect.element(screen.getByText('Of other apps there are: meter, blink.')).toBeVisible();
  await screen.getByRole('button', { name: 'Show all apps' }).click();
  await expect.element(screen.getByText('All 3 releases.')).toBeVisible();
});

test('where there is none, the commands stand that make one; and first a policy, where that is missing too', async () => {
  const screen = await show(<ReleasesPage />, { answers: { ...answers, listReleases: () => ({ items: [], next: null }), getAbout: aboutWith(null) } });
  await expect.poll(wordsOf(screen.getByRole('group', { name: 'Making a release' }))).toContain('pier release create apps/myapp@sha256:…');
  await expect.element(screen.getByRole('link', { name: 'Set one first' })).toHaveAttribute('href', '/keys');
});

test('older ones are read on demand', async () => {
  const screen = await show(<ReleasesPage />, { answers: { ...answers, listReleases: (request) => (JSON.stringify(request).includes('cursor') ? { items: [release('old', '0.1.0')], next: null } : { items: all, next: 'more' }) } });
  await expect.element(screen.getByText('The newest 3 releases.')).toBeVisible();
  await screen.getByRole('button', { name: 'Show older' }).click();
  await expect.element(screen.getByText('All 4 releases.')).toBeVisible();
});
