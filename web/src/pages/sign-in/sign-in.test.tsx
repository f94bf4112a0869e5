import { expect, test, vi } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Me } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import { SignInAgain, SignInPage } from './sign-in.tsx';

const health = () => ({ ok: true, database: true, broker: true });
const me: Me = { user: 'ada', role: 'operator' };
const wrong = (): never => {
  throw new Fault('unauthenticated', 'wrong user name or password');
};

test('the focus goes from field to field by Enter, and the third signs in', async () => {
  const onDone = vi.fn<(me: Me) => void>();
  const asked: unknown[] = [];
  const screen = await show(<SignInPage onDone={onDone} />, { answers: { health, logIn: (request) => (asked.push(request), me) } });
  await expect.element(screen.getByLabelText('User')).toHaveFocus();
  await userEvent.keyboard('{Enter}');
  await expect.element(screen.getByLabelText('User')).toHaveFocus();
  await userEvent.keyboard('ada{Enter}');
  await expect.element(screen.getByLabelText('Password', { exact: true })).toHaveFocus();
  expect(asked).toEqual([]);
  await userEvent.keyboard('secret{Enter}');
  await expect.poll(() => onDone.mock.calls[0]?.[0]).toEqual(me);
  expect(asked).toEqual([{ body: { user: 'ada', password: 'secret' } }]);
});

test('a wrong password is said in words, and chosen to be typed anew', async () => {
  const screen = await show(<SignInPage onDone={() => undefined} />, { answers: { health, logIn: wrong } });
  await screen.getByLabelText('User').fill('ada');
  await screen.getByLabelText('Password', { exact: true }).fill('secret');
  await screen.getByRole('button', { name: 'Sign in' }).click();
  await expect.element(screen.getByRole('alert')).toMatchTextContent('Not signed in. Wrong user name or password. unauthenticated');
  await expect.element(screen.getByLabelText('Password', { exact: true })).toHaveFocus();
  const password = screen.getByLabelText('Password', { exact: true }).element() as HTMLInputElement;
  await expect.poll(() => [password.selectionStart, password.selectionEnd]).toEqual([0, 6]);
});

test('too many tries say when again, and from when that counts', async () => {
  const blocked = (): never => {
    throw new Fault('too-many-requests', 'too many failed sign-ins as ada; try again in a minute');
  };
  const screen = await show(<SignInPage onDone={() => undefined} />, { answers: { health, logIn: blocked } });
  await screen.getByLabelText('User').fill('ada');
  await screen.getByLabelText('Password', { exact: true }).fill('secret');
  await screen.getByRole('button', { name: 'Sign in' }).click();
  await expect.element(screen.getByRole('alert')).toMatchTextContent(/Not signed in at \d\d:\d\d:\d\d\. Too many failed sign-ins as ada; try again in a minute\./);
});

test('the page says which manager it is and that all of it answers; or that nothing does', async () => {
  const screen = await show(<SignInPage onDone={() => undefined} />, { answers: { health } });
  await expect.element(screen.getByRole('contentinfo')).toMatchTextContent(`Manager at ${window.location.host}; its database and its broker answer`);
  await expect.poll(() => [document.title, document.querySelectorAll('h1').length]).toEqual(['Sign in · Pier', 1]);
  await screen.unmount();
  const silent = await show(<SignInPage onDone={() => undefined} />);
  await expect.element(silent.getByRole('contentinfo')).toMatchTextContent('it does not answer');
});

test('over a page, only the password is left to type; as somebody else one is told what that costs', async () => {
  const onDone = vi.fn<(me: Me) => void>();
  const screen = await show(<><label>Name <input defaultValue="half typ" /></label><SignInAgain user="ada" onDone={onDone} /></>, { answers: { logIn: () => me } });
  await expect.element(screen.getByRole('dialog', { name: 'Your session has ended' })).toBeVisible();
  await expect.element(screen.getByLabelText('User')).toHaveValue('ada');
  await expect.element(screen.getByLabelText('Password', { exact: true })).toHaveFocus();
  await userEvent.keyboard('{Escape}');
  await expect.element(screen.getByRole('dialog')).toBeVisible();
  await screen.getByLabelText('User').fill('bob');
  await expect.element(screen.getByText('This page is ada’s. As bob it is loaded anew, and what was typed on it is lost.')).toBeVisible();
  await screen.getByLabelText('User').fill('ada');
  await screen.getByLabelText('Password', { exact: true }).fill('secret');
  await screen.getByRole('button', { name: 'Sign in' }).click();
  await expect.poll(() => onDone.mock.calls[0]?.[0]).toEqual(me);
  await expect.element(screen.getByLabelText('Name')).toHaveValue('half typ');
});
