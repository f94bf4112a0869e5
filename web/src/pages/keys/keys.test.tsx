import { expect, test } from 'vitest';
import type { Locator } from 'vitest/browser';
import type { AnswerOf } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { aboutWith, show } from '../../testing/render.tsx';
import KeysPage from './index.tsx';

/** The text of a part, asked again until it fits. */
const wordsOf = (part: Locator) => (): string => part.elements()[0]?.textContent ?? '';

const [release, second, scheduler, root] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64)) as [string, string, string, string];
const policy: AnswerOf<'getPolicy'> = {
  number: 17,
  root,
  envelope: { payloadType: 'application/vnd.pier.policy+json', payload: '', signatures: [{ sig: '' }] },
  document: {
    keys: [{ id: scheduler, name: 'scheduler', role: 'scheduler' }, { id: release, name: 'release-2026', role: 'release' }, { id: second, name: 'ops-hsm', role: 'release' }],
    scopes: [{ prefix: 'manager/apps', keys: [release, second], threshold: 2, capabilities: ['gpio', 'storage'] }],
    bindings: 'manager', permits: 'optional', unsignedCommands: 'readOnly', approvals: { above: 100 },
  },
  setBy: 'ada',
  setAt: '2026-11-20T10:00:00.000Z',
};
const answers = (own = scheduler) => ({ getAbout: aboutWith(1), getPolicy: () => policy, getScheduler: () => ({ id: own, pem: '' }) });

test('without a policy it says what follows, and which commands make the first', async () => {
  const screen = await show(<KeysPage />, { answers: { getAbout: aboutWith(null) } });
  await expect.element(screen.getByText(/nothing can be rolled out/)).toBeVisible();
  await expect.poll(wordsOf(screen.getByRole('group', { name: 'Making and setting the first policy' }))).toContain('pier policy push policy.json');
  expect(screen.getByRole('alert').elements()).toHaveLength(0);
});

test('any other failure is an error, not a fleet without a policy', async () => {
  const screen = await show(<KeysPage />, { answers: { getAbout: aboutWith(1), getPolicy: () => { throw new Fault('unreachable', 'the manager does not answer'); } } });
  await expect.poll(wordsOf(screen.getByRole('alert'))).toContain('unreachable');
});

test('keys stand by role with the root first, and this manager’s own is marked', async () => {
  const screen = await show(<KeysPage />, { answers: answers() });
  await expect.poll(wordsOf(screen.getByRole('row', { name: /^scheduler/ }))).toContain('this manager’s');
  const names = () => [...document.querySelectorAll('.keys-table:not(.keys-scopes) tbody th')].map((cell) => cell.firstChild?.textContent);
  await expect.poll(names).toEqual(['root', 'ops-hsm', 'release-2026', 'scheduler']);
  await expect.poll(wordsOf(screen.getByRole('row', { name: /manager\/apps/ }))).toContain('2 of 2release-2026, ops-hsmgpio, storage; not serial, telemetry');
});

test('a manager whose key the policy does not name says that devices refuse it', async () => {
  const screen = await show(<KeysPage />, { answers: answers('e'.repeat(64)) });
  await expect.poll(wordsOf(screen.getByRole('alert'))).toContain('Devices refuse what it signs');
});

test('what the command would drop of the policy in force is said before it is typed', async () => {
  const screen = await show(<KeysPage />, { answers: answers() });
  await expect.element(screen.getByText(/Not the whole of it/)).toBeVisible();
  await expect.element(screen.getByText(/more than one signature/)).toBeVisible();
  await expect.element(screen.getByText(/waits until a second person approves it/)).toBeVisible();
});
