import { type ReactNode, useState } from 'react';
import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { PasswordField, whyNotPassword } from './password-field.tsx';

function Typed({ error }: { error?: string }): ReactNode {
  const [value, setValue] = useState('');
  return <PasswordField label="New password" name="password" isNew value={value} onChange={setValue} error={error} />;
}

test('what is typed is unseen until one asks for it, by a button with a name, which the keyboard reaches', async () => {
  const screen = await show(<Typed />);
  const field = screen.getByLabelText('New password', { exact: true });
  await field.fill('secret');
  await expect.element(field).toHaveAttribute('type', 'password');
  const button = screen.getByRole('button', { name: 'Show new password' });
  expect((button.element() as HTMLElement).tabIndex).toBe(0);
  await button.click();
  await expect.element(field).toHaveAttribute('type', 'text');
  await expect.element(field).toHaveValue('secret');
  await screen.getByRole('button', { name: 'Hide new password' }).click();
  await expect.element(field).toHaveAttribute('type', 'password');
});

test('it says how long it must be, and how long it is while that is too little', async () => {
  const screen = await show(<Typed />);
  const field = screen.getByLabelText('New password', { exact: true });
  await expect.element(field).toHaveAccessibleDescription('12 characters or more');
  await field.fill('12345678901');
  await expect.element(field).toHaveAccessibleDescription('12 characters or more; 11 so far');
  await field.fill('123456789012');
  await expect.element(field).toHaveAccessibleDescription('12 characters or more');
});

test('an error stands at the field, which says that it is wrong', async () => {
  const screen = await show(<Typed error="This is too short." />);
  const field = screen.getByLabelText('New password', { exact: true });
  await expect.element(field).toHaveAttribute('aria-invalid', 'true');
  await expect.element(field).toHaveAccessibleDescription(/This is too short\./);
});

test('eleven characters are no password, twelve are one', () => {
  expect([whyNotPassword(''), whyNotPassword('x'.repeat(11)), whyNotPassword('x'.repeat(12))]).toEqual(['Type a password.', 'A password has 12 characters or more; this has 11.', undefined]);
});
