import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { More } from './more.tsx';

test('says how much is shown, and asks for the next page', async () => {
  let asked = 0;
  const screen = await show(<More of={{ hasNextPage: true, isFetchingNextPage: false, fetchNextPage: () => (asked += 1) }} says="The newest 50 releases." />);
  await expect.element(screen.getByRole('status')).toHaveTextContent('The newest 50 releases.');
  await screen.getByRole('button', { name: 'Show older' }).click();
  expect(asked).toBe(1);
});

test('at the end of a list there is no button, and where there is nothing to say nothing stands', async () => {
  const end = { hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined };
  const screen = await show(<><More of={end} /><More of={end} says="All 9 releases." /></>);
  await expect.element(screen.getByText('All 9 releases.')).toBeVisible();
  expect([screen.getByRole('button').elements().length, screen.container.querySelectorAll('.more').length]).toEqual([0, 1]);
});
