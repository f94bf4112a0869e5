import { expect, test } from 'vitest';
import type { ApiToken, User } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import PeoplePage from './index.tsx';

const at = '2026-01-02T03:04:05.000Z';
const users = [{ name: 'ada', role: 'admin', createdAt: at }, { name: 'bob', role: 'operator', createdAt: at }] as User[];
const token = (id: string, user: string, role: ApiToken['role']): ApiToken => ({ id, name: `${user} ${id}`, user, role, createdAt: at, expiresAt: null, lastUsedAt: null });
const tokens = [token('aaaaaaaaaaaa', 'bob', 'operator'), token('bbbbbbbbbbbb', 'bob', 'viewer')];
const answers = { listUsers: () => ({ items: users, next: null }), listApiTokens: () => ({ items: tokens, next: null }) };
const ada = { user: 'ada', role: 'admin' } as const;

test('a lesser role says beforehand that sessions end, and how many of the tokens', async () => {
  const asked: unknown[] = [];
  const screen = await show(<PeoplePage />, { me: ada, answers: { ...answers, changeUser: (request) => (asked.push(request), { ...users[1], role: 'viewer' } as User) } });
  await screen.getByRole('row', { name: /^bob/ }).first().getByRole('button', { name: 'Change role…' }).click();
  await screen.getByRole('radio', { name: 'viewer' }).click();
  await expect.element(screen.getByRole('dialog')).toMatchTextContent('All sessions of bob end');
  await expect.element(screen.getByRole('dialog')).toMatchTextContent('1 of 2 API tokens is above viewer and ends.');
  await screen.getByRole('button', { name: 'Make bob viewer' }).click();
  await expect.poll(() => asked).toEqual([{ params: { user: 'bob' }, body: { role: 'viewer' } }]);
});

test('the only administrator is neither removed nor made less, and it is said why', async () => {
  const screen = await show(<PeoplePage />, { me: ada, answers });
  for (const name of ['Remove…', 'Change role…']) {
    const off = screen.getByRole('row', { name: /^ada/ }).getByRole('button', { name });
    await expect.element(off).toHaveAttribute('aria-disabled', 'true');
    await expect.element(off).toHaveAccessibleDescription('The only administrator: make another one first.');
    await expect.element(screen.getByRole('row', { name: /^bob/ }).first().getByRole('button', { name })).not.toHaveAttribute('aria-disabled', 'true');
  }
});

test('an administrator who has become the last one is not removed: the dialog stays and says why', async () => {
  const removeUser = (): never => {
    throw new Fault('conflict', 'ada is the last administrator; make another one first');
  };
  const listUsers = () => ({ items: users.map((user) => ({ ...user, role: 'admin' as const })), next: null });
  const screen = await show(<PeoplePage />, { me: ada, answers: { ...answers, listUsers, removeUser } });
  await screen.getByRole('row', { name: /^ada/ }).getByRole('button', { name: 'Remove…' }).click();
  await expect.element(screen.getByRole('dialog')).toMatchTextContent('This is you: you are signed out at once');
  await screen.getByRole('button', { name: 'Remove ada' }).click();
  await expect.element(screen.getByRole('alert')).toMatchTextContent(/is the last administrator; make another one first/);
});

test('a new token is at most of one’s own role, and stays on the page with its command until it is put away', async () => {
  const asked: unknown[] = [];
  const secret = 'pier_cccccccccccc_secret';
  const createApiToken = (request: unknown) => (asked.push(request), { ...token('cccccccccccc', 'bob', 'operator'), name: 'laptop', token: secret });
  const screen = await show(<PeoplePage />, { me: { user: 'bob', role: 'operator' }, answers: { ...answers, createApiToken } });
  await screen.getByRole('button', { name: 'New token…' }).click();
  await expect.element(screen.getByRole('radio', { name: 'admin' })).not.toBeInTheDocument();
  await screen.getByRole('radio', { name: 'operator' }).click();
  await screen.getByLabelText('What it is for').fill(' laptop ');
  await screen.getByRole('button', { name: 'Make the token' }).click();
  const made = screen.getByRole('region', { name: 'The token laptop' });
  await expect.element(made).toMatchTextContent(`./pier login --manager ${window.location.origin} --token ${secret}`);
  expect(asked).toEqual([{ body: { name: 'laptop', role: 'operator', expiresInS: 90 * 86_400 } }]);
  await screen.getByRole('button', { name: 'I have kept it' }).click();
  await expect.element(made).not.toBeInTheDocument();
  expect(document.body.textContent).not.toContain(secret);
});

test('whoever is no administrator sees why not, and never asks for the list', async () => {
  const asked: unknown[] = [];
  const screen = await show(<PeoplePage />, { me: { user: 'bob', role: 'operator' }, answers: { ...answers, listUsers: () => (asked.push(1), { items: users, next: null }) } });
  await expect.element(screen.getByText('For admins; you are operator.')).toBeVisible();
  await expect.element(screen.getByRole('row', { name: /bob aaaaaaaaaaaa/ })).toBeVisible();
  expect(asked).toEqual([]);
});

test('what is not found says what hides everything, and shows it again', async () => {
  const screen = await show(<PeoplePage />, { me: ada, answers });
  await screen.getByLabelText('Find by name, role or id').fill('bbbb');
  await expect.element(screen.getByText('Nobody’s name or role has “bbbb” in it.')).toBeVisible();
  await expect.element(screen.getByText('1 of 2 tokens of all people')).toBeVisible();
  await screen.getByRole('button', { name: 'Show all' }).click();
  await expect.element(screen.getByText('2 accounts')).toBeVisible();
});
