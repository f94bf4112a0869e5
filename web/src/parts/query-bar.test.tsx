import { useState } from 'react';
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { Fault } from '@pier/shared/core';
import { show } from '../testing/render.tsx';
import { QueryBar, type QueryBarProps } from './query-bar.tsx';

const changes: string[] = [];
const searches: (string | undefined)[] = [];

function Page({ first = '', ...rest }: { first?: string } & Partial<QueryBarProps>) {
  const [value, setValue] = useState(first);
  const [search, setSearch] = useState<string>();
  return (
    <QueryBar
      label="Which devices"
      value={value}
      onChange={(next) => {
        changes.push(next);
        setValue(next);
      }}
      search={search}
      onSearch={(words) => {
        searches.push(words);
        setSearch(words);
      }}
      {...rest}
    />
  );
}

test('a condition becomes a chip with Enter, is joined by and, and goes with its button or with Backspace', async () => {
  const screen = await show(<Page first="role=pump" count={{ matched: 2_305, total: 10_012 }} />);
  const bar = screen.getByRole('combobox', { name: 'Which devices' });
  await expect.element(screen.getByText('2,305')).toBeVisible();
  await bar.fill('site != lab');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => changes.at(-1)).toBe('role=pump and site!=lab');
  await expect.element(bar).toHaveValue('');
  await screen.getByRole('button', { name: 'Remove role = pump' }).click();
  await expect.poll(() => changes.at(-1)).toBe('site!=lab');
  await bar.click();
  await userEvent.keyboard('{Backspace}');
  await expect.poll(() => changes.at(-1)).toBe('');
});

test('what cannot be read stays as it was typed, with the sentence and the place', async () => {
  const screen = await show(<Page />);
  const bar = screen.getByRole('combobox');
  const before = changes.length;
  await bar.fill('site=a b');
  await userEvent.keyboard('{Enter}');
  await expect.element(bar).toHaveValue('site=a b');
  await expect.element(bar).toHaveAttribute('aria-invalid', 'true');
  await expect.element(screen.getByRole('alert')).toHaveTextContent('site=a b Expected and, or, or the end; saw "b".');
  expect(screen.getByRole('alert').element().querySelector('mark')?.textContent).toBe('b');
  expect(changes.length).toBe(before);
  await bar.fill('site=a');
  await expect.poll(() => screen.getByRole('alert').query()).toBeNull();
});

test('words without an operator are searched for, and shown as a condition that can be removed', async () => {
  const screen = await show(<Page />);
  await screen.getByRole('combobox').fill('pump-04');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => searches.at(-1)).toBe('pump-04');
  await screen.getByRole('button', { name: 'Remove id or name has pump-04' }).click();
  await expect.poll(() => searches.at(-1)).toBeUndefined();
});

test('a selector with "or" is one text to edit', async () => {
  const screen = await show(<Page first="a=1 or b=2" />);
  const bar = screen.getByRole('combobox');
  await expect.element(bar).toHaveValue('a=1 or b=2');
  await expect.poll(() => screen.getByRole('button').query()).toBeNull();
  await bar.fill('a=1 or b=2 or');
  await userEvent.keyboard('{Enter}');
  await expect.element(screen.getByRole('alert')).toBeVisible();
  await bar.fill('a = 1');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => changes.at(-1)).toBe('a=1');
  await expect.element(screen.getByRole('button', { name: 'Remove a = 1' })).toBeVisible();
  await expect.element(bar).toHaveValue('');
});

test('proposes what is known, by arrows and Enter or by pointer', async () => {
  const screen = await show(<Page suggest={['site=dunmore', 'site=lab', 'role=pump']} />);
  const bar = screen.getByRole('combobox');
  await bar.fill('site');
  await expect.element(bar).toHaveAttribute('aria-expanded', 'true');
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  await expect.element(screen.getByRole('option', { name: 'site=lab' })).toHaveAttribute('aria-selected', 'true');
  await userEvent.keyboard('{Enter}');
  await expect.poll(() => changes.at(-1)).toBe('site=lab');
  // Shut, so that nothing lies over the rows; the next key opens it, without a second site.
  await expect.element(bar).toHaveAttribute('aria-expanded', 'false');
  await userEvent.keyboard('{ArrowDown}');
  await expect.element(bar).toHaveAttribute('aria-expanded', 'true');
  await expect.poll(() => screen.getByRole('option').elements().map((one) => one.textContent)).toEqual(['role=pump']);
  await bar.fill('ro');
  await screen.getByRole('option', { name: 'role=pump' }).click();
  await expect.poll(() => changes.at(-1)).toBe('site=lab and role=pump');
});

test("a link's conditions stand beside the selector's, and what the manager says stands below", async () => {
  let removed = false;
  const more = [{ name: 'rollout blink 1.6.0', value: 'failed', onRemove: () => (removed = true) }];
  const screen = await show(<Page more={more} fault={new Fault('input-invalid', 'selector: too much')} />);
  await screen.getByRole('button', { name: 'Remove rollout blink 1.6.0 failed' }).click();
  await expect.poll(() => removed).toBe(true);
  await expect.element(screen.getByRole('alert')).toHaveTextContent('selector: too much input-invalid');
});
