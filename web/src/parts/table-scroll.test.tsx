import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { TableScroll } from './table-scroll.tsx';

const table = (width: number) => <div style={{ width: 300 }}><TableScroll label="Keys"><table style={{ width }}><tbody><tr><td>root</td></tr></tbody></table></TableScroll></div>;

test('a table that is too wide can be reached and scrolled by the keyboard', async () => {
  const screen = await show(table(900));
  const box = screen.getByRole('group', { name: 'Keys' });
  await expect.element(box).toHaveAttribute('tabindex', '0');
});

test('one that fits is no stop of the Tab key', async () => {
  const screen = await show(table(200));
  await expect.element(screen.getByRole('table')).toBeVisible();
  await expect.poll(() => screen.getByRole('group').query()).toBeNull();
});
