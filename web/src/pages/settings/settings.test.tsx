import { expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import SettingsPage from './index.tsx';

const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const answers = {
  listViews: () => ({ items: [{ name: 'north', query: 'standing=offline&tag=a%20b', createdAt: '2026-01-02T03:04:05.000Z' }] }),
  getAbout: () => ({ version: '0.1.0', node: '24.0.0', database: { version: '18.1', embedded: true }, replica: 'main', startedAt: '2026-01-02T03:04:05.000Z', simulator: false, policy: 1 }),
  getAddresses: () => ({ device: 'https://m:1', mqtt: 'mqtts://m:2', registry: 'https://m:1', ca }),
  health: () => ({ ok: true, database: true, broker: true }),
};

test('a wrong old password is said at its field, and what was typed stays', async () => {
  const changeMe = (): never => {
    throw new Fault('forbidden', 'body: was: this is not the present password of ada');
  };
  const screen = await show(<SettingsPage />, { answers: { ...answers, changeMe } });
  const [was, next] = [screen.getByLabelText('Password now', { exact: true }), screen.getByLabelText('New password', { exact: true })];
  await was.fill('wrong');
  await next.fill('a password long enough');
  await screen.getByRole('button', { name: 'Change my password' }).click();
  await expect.element(was).toHaveAccessibleDescription(/This is not the password that you have now/);
  await expect.element(was).toHaveFocus();
  await expect.element(next).toHaveValue('a password long enough');
});

test('a changed password empties the form and says when; one too short is not sent', async () => {
  const asked: unknown[] = [];
  const screen = await show(<SettingsPage />, { answers: { ...answers, changeMe: (request) => (asked.push(request), { user: 'ada', role: 'operator' as const }) } });
  const [was, next] = [screen.getByLabelText('Password now', { exact: true }), screen.getByLabelText('New password', { exact: true })];
  await was.fill('the old one');
  await next.fill('too short');
  await screen.getByRole('button', { name: 'Change my password' }).click();
  await expect.element(next).toHaveAccessibleDescription(/this has 9/);
  expect(asked).toEqual([]);
  await next.fill('a password long enough');
  await screen.getByRole('button', { name: 'Change my password' }).click();
  await expect.element(screen.getByText(/^Changed at \d\d:\d\d:\d\d; your sessions in other browsers have ended\.$/)).toBeVisible();
  expect(asked).toEqual([{ body: { was: 'the old one', password: 'a password long enough' } }]);
  await expect.element(was).toHaveValue('');
});

test('what answers is said even where the rest cannot be read, since that needs the database', async () => {
  const { getAbout: _unread, ...rest } = answers;
  const screen = await show(<SettingsPage />, { answers: { ...rest, health: () => ({ ok: false, database: false, broker: true }) } });
  await expect.element(screen.getByText('Does not answer')).toBeVisible();
  await expect.element(screen.getByText('What this manager is could not be read.')).toBeVisible();
});

test('a saved view leads to what it shows, and is removed only after it was said what that does', async () => {
  const asked: unknown[] = [];
  const screen = await show(<SettingsPage />, { answers: { ...answers, removeView: (request) => (asked.push(request), null) } });
  await expect.element(screen.getByRole('link', { name: 'north' })).toHaveAttribute('href', '/devices?standing=offline&tag=a%20b');
  await screen.getByRole('button', { name: 'Remove…' }).click();
  await expect.element(screen.getByRole('dialog')).toMatchTextContent('No device is touched.');
  expect(asked).toEqual([]);
  await screen.getByRole('button', { name: 'Remove north' }).click();
  await expect.poll(() => asked).toEqual([{ params: { name: 'north' } }]);
});

test('the switch of single letters is remembered by this browser', async () => {
  const screen = await show(<SettingsPage />, { answers });
  const letters = screen.getByRole('switch');
  await expect.element(letters).toHaveAccessibleName('Single letters do something');
  await letters.click();
  await expect.element(letters).not.toBeChecked();
  await expect.poll(() => window.localStorage.getItem('pier.single-letters')).toBe('off');
  window.localStorage.removeItem('pier.single-letters');
});
