import { beforeEach, expect, test } from 'vitest';
import type { Locator } from 'vitest/browser';
import { Route } from 'wouter';
import { type AnswerOf, Fleet, Release } from '@pier/shared/api';
import { Asks, Limits, permissionWords } from '@pier/shared/capability';
import { Fault, KeyId } from '@pier/shared/core';
import { aboutWith, show } from '../../testing/render.tsx';
import ReleasePage from './index.tsx';

/** The text of a part, asked again until it fits. */
const wordsOf = (part: Locator) => (): string => part.elements()[0]?.textContent ?? '';

const [first, second, other] = ['a', 'b', 'c'].map((letter) => KeyId.parse(letter.repeat(64))) as [KeyId, KeyId, KeyId];
const limits = Limits.parse({});
const asks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }, { label: 'siren', mode: 'out', safe: 'inactive' }], serial: [{ label: 'meter', baud: [9600] }] });

function release(n: number, change: Partial<Release> = {}): Release {
  return Release.parse({ id: `rel-${n}`, app: 'blink', version: `1.${n}.0`, counter: n * 100, repository: 'apps/blink', digest: `sha256:${String(n).repeat(64)}`, sizeBytes: 1_000 * n, asks, limits, permissions: permissionWords(asks, limits), state: 'verified', reason: null, signedBy: [first], createdAt: '2026-11-20T10:00:00.000Z', ...change });
}

const policy: AnswerOf<'getPolicy'> = {
  number: 1,
  root: other,
  envelope: { payloadType: 'application/vnd.pier.policy+json', payload: '', signatures: [{ sig: '' }] },
  document: {
    keys: [{ id: first, name: 'release-2026', role: 'release' }, { id: second, name: 'ops-hsm', role: 'release' }],
    scopes: [{ prefix: 'manager', keys: [first, second], threshold: 1, capabilities: ['gpio'] }],
    bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', approvals: null,
  },
  setBy: 'ada',
  setAt: '2026-11-20T10:00:00.000Z',
};
const fleet = Fleet.parse({ total: 8, online: 8, standings: {}, at: '2026-11-20T10:00:00.000Z', apps: [{ app: 'blink', devices: 5, versions: [{ version: '1.3.0', devices: 3 }, { version: '1.2.0', devices: 2 }] }], sites: [], pending: 0 });

function answers(one: Release, { use = { running: 3, proven: 2, soaking: 1, troubles: [] }, others = [release(4), release(2), release(1)] }: { use?: AnswerOf<'useOfRelease'>; others?: Release[] } = {}) {
  const [led, siren] = one.permissions;
  return {
    getRelease: () => one,
    getAbout: aboutWith(1),
    getPolicy: () => policy,
    getFleet: () => fleet,
    useOfRelease: () => use,
    listReleases: () => ({ items: [one, ...others], next: null }),
    listRollouts: () => ({ items: [], next: null }),
    listAudit: () => ({ items: [{ id: '1', at: one.createdAt, actor: 'ci', action: 'release.created', object: `release:${one.id}`, detail: {} }], next: null }),
    compareRelease: (request: unknown) => ({ from: JSON.stringify(request).includes('rel-2') ? 'rel-2' : 'another', to: one.id, added: [siren ?? ''], removed: ['sends nothing'], changed: [{ before: 'switches it rarely', after: led ?? '' }] }),
  };
}

const page = <Route path="/releases/:id"><ReleasePage /></Route>;
beforeEach(() => window.history.replaceState(null, '', '/releases/rel-3'));

test('says who signed it, who could have, and how many the policy wants', async () => {
  const screen = await show(page, { answers: answers(release(3, { signedBy: [first, other] })) });
  const signatures = screen.getByRole('region', { name: 'Signatures' });
  await expect.poll(wordsOf(signatures.getByRole('listitem').nth(0))).toContain('Validrelease-2026');
  await expect.poll(wordsOf(signatures.getByRole('listitem').nth(1))).toContain('Not signedops-hsm');
  await expect.poll(wordsOf(signatures.getByRole('listitem').nth(2))).toContain('Does not counta key that the policy does not name');
  await expect.poll(wordsOf(signatures)).toContain('wants 1 of 2 keys for what lies below manager; 1 signed.');
  await expect.element(screen.getByText('published 20 Nov', { exact: false })).toBeVisible();
});

test('says what it may touch and what not, what the policy keeps from it, and what is new or changed', async () => {
  const screen = await show(page, { answers: answers(release(3)) });
  const touches = screen.getByRole('region', { name: 'What it may touch' });
  await expect.poll(wordsOf(touches)).toContain('Switch 2 outputs: led, siren');
  await expect.poll(wordsOf(touches)).toContain('Not allowed by the policy below manager: no device grants it.');
  await expect.poll(wordsOf(touches)).toContain('No network, no files, no other output, no input, no other serial port, no measurements');
  await expect.poll(wordsOf(touches)).toContain('New since 1.2.0.');
  await expect.poll(wordsOf(touches)).toContain('Changed since 1.2.0.');
});

test('is compared with the one before it by its counter, not with a newer one', async () => {
  const screen = await show(page, { answers: answers(release(3)) });
  const compared = screen.getByRole('region', { name: 'Compared with' });
  await expect.element(compared.getByRole('combobox', { name: 'Compared with' })).toHaveValue('rel-2');
  await expect.poll(wordsOf(compared.getByRole('row', { name: /^Size/ }))).toContain('2 kB3 kB, +1 kB');
  await expect.poll(wordsOf(compared.getByRole('row', { name: /^Signers/ }))).toContain('the same: release-2026');
  await compared.getByRole('combobox').selectOptions('rel-4');
  await expect.poll(() => window.location.search).toBe('?from=rel-4');
  await expect.poll(wordsOf(screen.getByRole('region', { name: 'What it may touch' }))).toContain('New since 1.4.0.');
});

test('the only release of its app is compared with nothing', async () => {
  const screen = await show(page, { answers: answers(release(3), { others: [] }) });
  await expect.element(screen.getByText('It is the only release of blink.')).toBeVisible();
});

test('where it runs adds up to what devices report, out of the fleet', async () => {
  const screen = await show(page, { answers: answers(release(3), { use: { running: 4, proven: 2, soaking: 1, troubles: [{ code: 'guest-trapped', sentence: 'unreachable', count: 3 }, { code: 'timed-out', sentence: 'Too late.', count: 1 }] } }) });
  await expect.element(screen.getByRole('img', { name: '4 of 8 devices run it: 2 proven, 1 soaking, 1 neither' })).toBeVisible();
  await expect.element(screen.getByText('4 deployments ended badly')).toBeVisible();
});

test('counts that cannot be are shown as an error, not as a bar', async () => {
  const screen = await show(page, { answers: answers(release(3), { use: { running: 1, proven: 2, soaking: 0, troubles: [] } }) });
  await expect.poll(wordsOf(screen.getByRole('alert'))).toContain('do not add up');
});

test('one that the policy does not accept cannot be rolled out, and says why', async () => {
  const screen = await show(page, { answers: answers(release(3, { state: 'rejected', signedBy: [], reason: { code: 'untrusted-signer', reason: '0 of 1 needed keys' } })) });
  await expect.element(screen.getByText('No device would fetch it.')).toBeVisible();
  await expect.element(screen.getByText('untrusted-signer')).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Roll out…' })).toHaveAttribute('aria-disabled', 'true');
  await expect.element(screen.getByText('The policy does not accept it.')).toBeVisible();
});

test('withdrawing shows whom it hits, wants the version typed, and sends the reason', async () => {
  const sent: unknown[] = [];
  const one = release(3);
  const screen = await show(page, { answers: { ...answers(one), withdrawRelease: (request) => { sent.push(request); return one; } } });
  await screen.getByRole('button', { name: 'Withdraw…' }).click();
  const dialog = screen.getByRole('dialog', { name: 'Withdraw blink 1.3.0' });
  await expect.poll(wordsOf(dialog.getByRole('row', { name: /Devices that run it/ }))).toContain('3 devices keep it');
  await dialog.getByRole('button', { name: 'Withdraw blink 1.3.0' }).click({ force: true });
  expect(sent).toEqual([]);
  await dialog.getByLabelText('Why (kept in the audit)').fill('leaks');
  await dialog.getByLabelText('Type 1.3.0 to confirm').fill('1.3.0');
  await dialog.getByRole('button', { name: 'Withdraw blink 1.3.0' }).click();
  await expect.poll(() => sent).toEqual([{ params: { id: 'rel-3' }, body: { remark: 'leaks' } }]);
});

test('a viewer may look, not act', async () => {
  const screen = await show(page, { answers: answers(release(3)), me: { user: 'eve', role: 'viewer' } });
  await expect.element(screen.getByRole('button', { name: 'Withdraw…' })).toHaveAttribute('aria-disabled', 'true');
  await expect.element(screen.getByRole('button', { name: 'Roll out…' })).toHaveAttribute('aria-disabled', 'true');
});

test('an address of no release says so', async () => {
  const screen = await show(page, { answers: { getRelease: () => { throw new Fault('not-found', 'there is no release "rel-3"'); } } });
  await expect.element(screen.getByRole('heading', { name: 'No such release' })).toBeVisible();
});
