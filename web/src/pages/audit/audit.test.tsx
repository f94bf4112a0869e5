import { beforeEach, expect, test } from 'vitest';
import type { Locator } from 'vitest/browser';
import type { AuditRecord } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import AuditPage from './index.tsx';

/** The text of a part, asked again until it fits. */
const wordsOf = (part: Locator) => (): string => part.elements()[0]?.textContent ?? '';

const record = (id: number, action: string, { object = `rollout:r-${id}`, actor = 'ada', detail = {} }: Partial<AuditRecord> = {}): AuditRecord => ({ id: String(id), at: `2026-11-${id < 5 ? 20 : 21}T10:00:0${id}.000Z`, actor, action, object, detail });
const records = [
  record(9, 'rollout.pause', { detail: { remark: 'smoke in shed 4' } }),
  record(8, 'deployment.failed', { object: 'deployment:r-1/pi-7', actor: 'device:pi-7', detail: { reason: { code: 'guest-trapped', reason: 'unreachable' } } }),
  record(7, 'device.changed', { object: 'device:pi-7', detail: { before: { tags: { site: 'mill', spare: 'yes' } }, after: { tags: { site: 'quay', role: 'pump' } } } }),
  record(6, 'deployment.soaking', { object: 'deployment:r-1/pi-8', actor: 'device:pi-8' }),
  record(3, 'policy.set', { object: 'policy:17' }),
];
const audit = (items: readonly AuditRecord[], next: string | null = null) => ({ listAudit: () => ({ items: [...items], next }) });

beforeEach(() => window.history.replaceState(null, '', '/audit'));

test('steps of single devices are left out, and the count says how many', async () => {
  const screen = await show(<AuditPage />, { answers: audit(records) });
  await expect.element(screen.getByText('3 of the 5 records; 2 are steps of single devices.')).toBeVisible();
  expect(screen.getByText('pi-7: failed', { exact: false }).elements()).toHaveLength(0);
  await screen.getByRole('button', { name: 'Show steps too' }).click();
  await expect.element(screen.getByText('pi-7: failed: unreachable')).toBeVisible();
  await expect.element(screen.getByText('5 of the 5 records.')).toBeVisible();
  await expect.poll(() => window.location.search).toBe('?steps=shown');
});

test('a page of nothing but steps says so, and the rest can be read', async () => {
  const screen = await show(<AuditPage />, { answers: audit(records.filter(({ action }) => action.startsWith('deployment.')), 'more') });
  await expect.element(screen.getByText('0 of the newest 2 records; 2 are steps of single devices.')).toBeVisible();
  await expect.element(screen.getByRole('button', { name: 'Show older' })).toBeVisible();
});

test('each record says when, who, what and why, and leads to what it is about; days part them', async () => {
  const screen = await show(<AuditPage />, { answers: audit(records) });
  const row = screen.getByRole('row', { name: /Paused it/ });
  await expect.poll(wordsOf(row)).toContain('“smoke in shed 4”');
  await expect.element(row.getByRole('link', { name: 'r-9' })).toHaveAttribute('href', '/rollouts/r-9');
  await expect.element(screen.getByRole('row', { name: /Set trust policy 17/ }).getByRole('link', { name: 'policy 17' })).toHaveAttribute('href', '/keys');
  await expect.element(screen.getByText('Fri 20 Nov')).toBeVisible();
  await expect.element(row.getByRole('link', { name: 'ada' })).toHaveAttribute('href', '/audit?actor=ada');
});

test('what changed stands below it, and the whole record opens', async () => {
  const screen = await show(<AuditPage />, { answers: audit(records) });
  const row = screen.getByRole('row', { name: /Changed name or tags of pi-7/ });
  await expect.poll(wordsOf(row.getByRole('listitem').filter({ hasText: 'tags.role' }))).toContain('added');
  await expect.poll(wordsOf(row.getByRole('listitem').filter({ hasText: 'tags.site' }))).toContain('mill → quay');
  await expect.poll(wordsOf(row.getByRole('listitem').filter({ hasText: 'tags.spare' }))).toContain('removed');
  const toggle = row.getByRole('button', { name: 'device.changed' });
  await toggle.click();
  await expect.element(toggle).toHaveAttribute('aria-expanded', 'true');
  await expect.element(screen.getByText('"object": "device:pi-7"', { exact: false })).toBeVisible();
});

test('what is asked for goes to the manager, stands as chips, and can be taken away', async () => {
  const asked: unknown[] = [];
  const screen = await show(<AuditPage />, { answers: { listAudit: (request) => { asked.push(request); return { items: [], next: null }; } } });
  await screen.getByLabelText('Who').fill('ada');
  await screen.getByLabelText('About').fill('device:pi-7');
  await screen.getByRole('button', { name: 'Narrow' }).click();
  await expect.element(screen.getByText('No record with who ada and about device:pi-7.')).toBeVisible();
  await expect.poll(() => asked.at(-1)).toMatchObject({ query: { actor: 'ada', object: 'device:pi-7' } });
  await screen.getByRole('button', { name: 'Take away: Who ada' }).click();
  await expect.element(screen.getByText('No record with about device:pi-7.')).toBeVisible();
  await expect.poll(() => window.location.search).toBe('?object=device%3Api-7');
  await screen.getByRole('button', { name: 'Show all records' }).click();
  await expect.element(screen.getByText('Nothing was done yet.')).toBeVisible();
});

test('what the manager says of a question that it cannot read is shown, and the question can be taken away', async () => {
  window.history.replaceState(null, '', '/audit?since=yesterday');
  const screen = await show(<AuditPage />, { answers: { listAudit: () => { throw new Fault('input-invalid', 'query: since: expected a time'); } } });
  await expect.poll(wordsOf(screen.getByRole('alert'))).toContain('input-invalid');
  await screen.getByRole('button', { name: 'Take away: Since yesterday' }).click();
  await expect.poll(() => window.location.search).toBe('');
});
