import { expect, test, vi } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Me } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { show } from '../../testing/render.tsx';
import { SetupPage } from './setup.tsx';

const health = () => ({ ok: true, database: true, broker: true });
const me: Me = { user: 'olga', role: 'admin' };
type Asked = { readonly body: { readonly code: string; readonly user: string; readonly password: string } };

async function open({ setUp, isHealthy = true }: { setUp: (request: Asked) => Me; isHealthy?: boolean }) {
  const onDone = vi.fn<(me: Me) => void>();
  const asked: Asked[] = [];
  const answer = (request: unknown): Me => {
    asked.push(request as Asked);
    return setUp(request as Asked);
  };
  const screen = await show(<SetupPage onDone={onDone} />, { answers: { setUp: answer, health: isHealthy ? health : () => ({ ok: false, database: false, broker: true }) } });
  const fields = { code: screen.getByLabelText('Setup code'), user: screen.getByLabelText('Your user name'), password: screen.getByLabelText('Password', { exact: true }) };
  const fill = async (code = '7kq2 m4xp 9t3w'): Promise<void> => {
    await fields.code.fill(code);
    await fields.user.fill('olga');
    await fields.password.fill('a password long enough');
  };
  const send = () => screen.getByRole('button', { name: 'Make the first account' }).click();
  return { screen, fields, fill, send, asked, onDone };
}

const refuse = (code: 'forbidden' | 'conflict' | 'too-many-requests', message: string) => (): never => {
  throw new Fault(code, message);
};

test('the first account is made with the code however it was typed, and the person is in', async () => {
  const { fields, fill, send, asked, onDone } = await open({ setUp: () => me });
  await expect.element(fields.code).toHaveFocus();
  await fill();
  await send();
  await expect.poll(() => onDone.mock.calls.length).toBe(1);
  expect(asked).toEqual([{ body: { code: '7KQ2-M4XP-9T3W', user: 'olga', password: 'a password long enough' } }]);
});

test('the code groups itself as it is typed, and a letter put in between leaves the caret behind it', async () => {
  const { fields } = await open({ setUp: () => me });
  await userEvent.type(fields.code, '7kq2m4xp9t');
  await expect.element(fields.code).toHaveValue('7KQ2-M4XP-9T');
  const input = fields.code.element() as HTMLInputElement;
  input.setSelectionRange(4, 4);
  await userEvent.keyboard('a');
  await expect.element(fields.code).toHaveValue('7KQ2-AM4X-P9T');
  await expect.poll(() => input.selectionStart).toBe(6);
  await userEvent.keyboard('{Backspace}');
  await expect.element(fields.code).toHaveValue('7KQ2-M4XP-9T');
});

test('what is missing is said at each field at once, and nothing is asked; the first of them has the focus', async () => {
  const { fields, send, asked } = await open({ setUp: () => me });
  await fields.code.fill('7KQ2-M4X');
  await fields.user.fill('Olga Ivanova');
  await send();
  await expect.element(fields.code).toHaveAccessibleDescription(/12 letters and digits; this has 7/);
  await expect.element(fields.user).toHaveAccessibleDescription(/“Olga Ivanova” is no user name/);
  await expect.element(fields.password).toHaveAccessibleDescription(/Type a password/);
  await expect.element(fields.code).toHaveFocus();
  expect(asked).toEqual([]);
});

test('a wrong code is said at the code, which is chosen to be typed anew; the rest stays', async () => {
  const { fields, fill, send, onDone } = await open({ setUp: refuse('forbidden', 'this is not the setup code that stands in the log of this manager; each start writes a new one') });
  await fill('AAAA-AAAA-AAAA');
  await send();
  await expect.element(fields.code).toHaveAccessibleDescription(/This is not the setup code that stands in the log of this manager/);
  await expect.element(fields.code).toHaveAttribute('aria-invalid', 'true');
  await expect.element(fields.user).toHaveValue('olga');
  await expect.element(fields.password).toHaveValue('a password long enough');
  expect(onDone).not.toHaveBeenCalled();
});

test('whoever comes second is told so, and where to sign in', async () => {
  const { screen, fill, send } = await open({ setUp: refuse('conflict', 'this manager has an account already; sign in, or ask an administrator for an account') });
  await fill();
  await send();
  await expect.element(screen.getByRole('alert')).toMatchTextContent('Somebody was faster. This manager has an account already');
  await expect.element(screen.getByRole('link', { name: 'To the sign-in' })).toHaveAttribute('href', '/');
});

test('too many guesses are told with the time from which the minute counts', async () => {
  const { screen, fill, send } = await open({ setUp: refuse('too-many-requests', 'too many wrong setup codes; try again in a minute') });
  await fill();
  await send();
  await expect.element(screen.getByRole('alert')).toMatchTextContent(/Not made at \d\d:\d\d:\d\d\. Too many wrong setup codes; try again in a minute\./);
});

test('the page has one heading, its landmarks and a title, and says where the code is and what does not answer', async () => {
  const { screen } = await open({ setUp: () => me, isHealthy: false });
  await expect.poll(() => document.title).toBe('Set up this manager · Pier');
  await expect.poll(() => document.querySelectorAll('h1')).toHaveLength(1);
  for (const role of ['banner', 'main', 'contentinfo'] as const) await expect.element(screen.getByRole(role)).toBeInTheDocument();
  await expect.element(screen.getByText('access.setup-code')).toBeVisible();
  await expect.element(screen.getByRole('contentinfo')).toMatchTextContent('its database does not answer');
});
