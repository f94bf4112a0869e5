import { useRef } from 'react';
import { expect, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { show } from '../testing/render.tsx';
import { useKeyListener } from './keys.tsx';
import { useRowKeys } from './row-keys.ts';

function List({ rows }: { rows: readonly string[] }) {
  const list = useRef<HTMLUListElement>(null);
  useKeyListener();
  useRowKeys(list, 'release');
  return (
    <>
      <input aria-label="elsewhere" />
      <ul ref={list}>{rows.map((row) => <li key={row}><a href={`#${row}`} data-row>{row}</a> <a href="#more">more</a></li>)}</ul>
    </>
  );
}

const focused = (): string | null | undefined => document.activeElement?.textContent;

test('j and k walk over the rows, one stop a row, and stay at the ends', async () => {
  await show(<List rows={['one', 'two', 'three']} />);
  const seen: unknown[] = [];
  for (const key of ['j', 'j', 'k', 'k', 'j', 'j', 'j']) {
    await userEvent.keyboard(key);
    seen.push(focused());
  }
  expect(seen).toEqual(['one', 'two', 'one', 'one', 'two', 'three', 'three']);
});

test('k comes from below, and a list of nothing is no trouble', async () => {
  const screen = await show(<List rows={['one', 'two']} />);
  await userEvent.keyboard('k');
  await expect.poll(() => focused()).toBe('two');
  await screen.unmount();
  await show(<List rows={[]} />);
  await userEvent.keyboard('j');
});

test('where something is typed, j is a letter', async () => {
  const screen = await show(<List rows={['one']} />);
  await screen.getByLabelText('elsewhere').fill('');
  await screen.getByLabelText('elsewhere').click();
  await userEvent.keyboard('jk');
  await expect.element(screen.getByLabelText('elsewhere')).toHaveValue('jk');
});
