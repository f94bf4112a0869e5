import { useQueryClient } from '@tanstack/react-query';
import { expect, test } from 'vitest';
import { freshPagesMax, usePages } from '../api/index.ts';
import { show } from '../testing/render.tsx';
import { More } from './more.tsx';

test('says how much is shown, and asks for the next page', async () => {
  let asked = 0;
  const screen = await show(<More of={{ hasNextPage: true, isFetchingNextPage: false, fetchNextPage: () => (asked += 1) }} says="The newest 50 releases." />);
  await expect.element(screen.getByRole('status')).toHaveTextContent('The newest 50 releases.');
  await screen.getByRole('button', { name: 'Show older' }).click();
  await expect.poll(() => asked).toBe(1);
});

test('at the end of a list there is no button, and where there is nothing to say nothing stands', async () => {
  const end = { hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined };
  const screen = await show(<><More of={end} /><More of={end} says="All 9 releases." /></>);
  await expect.element(screen.getByText('All 9 releases.')).toBeVisible();
  expect([screen.getByRole('button').elements().length, screen.container.querySelectorAll('.more').length]).toEqual([0, 1]);
});

function List() {
  const pages = usePages('listAudit', { query: { limit: 1 } });
  const queries = useQueryClient();
  return <><p>{pages.data?.pages ?? 0} pages</p><More of={pages} /><button type="button" onClick={() => void queries.invalidateQueries()}>Something changes</button></>;
}

test('a list is kept fresh as far as a few pages; one that is longer says that it stands still', async () => {
  let asked = 0;
  const screen = await show(<List />, { answers: { listAudit: () => ({ items: [], next: String((asked += 1)) }) } });
  await screen.getByRole('button', { name: 'Show older' }).click();
  await expect.element(screen.getByText('2 pages')).toBeVisible();
  await screen.getByRole('button', { name: 'Something changes' }).click();
  await expect.poll(() => asked).toBe(4);
  for (let n = 2; n <= freshPagesMax; n += 1) {
    await screen.getByRole('button', { name: 'Show older' }).click();
    await expect.element(screen.getByText(`${n + 1} pages`)).toBeVisible();
  }
  const before = asked;
  await screen.getByRole('button', { name: 'Something changes' }).click();
  await expect.element(screen.getByText(/stands still/)).toBeVisible();
  await screen.getByRole('button', { name: 'Show older' }).click();
  await expect.element(screen.getByText(`${freshPagesMax + 2} pages`)).toBeVisible();
  expect(asked).toBe(before + 1);
});
