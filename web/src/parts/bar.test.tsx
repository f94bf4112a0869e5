import { expect, test } from 'vitest';
import { deploymentParts } from '../words/index.ts';
import { show } from '../testing/render.tsx';
import { Bar } from './bar.tsx';

const parts = deploymentParts({ failed: 1, proven: 6, waiting: 3 }, 1);

test('says the whole in words, and shows families in their fixed order, each as wide as its count', async () => {
  const screen = await show(<Bar parts={parts} total={10} label="6 of 10 proven" />);
  const bar = screen.getByRole('img', { name: '6 of 10 proven' }).element();
  expect([...bar.children].map((part) => [part.getAttribute('title'), getComputedStyle(part).flexGrow])).toEqual([['6 proven', '6'], ['2 waiting', '2'], ['1 away or held up', '1'], ['1 failed', '1']]);
});

test('what is missing to the total stays empty, and so does a bar of nothing', async () => {
  const screen = await show(<><Bar parts={parts} total={20} label="half" /><Bar parts={[]} total={0} label="none" /></>);
  expect(screen.getByRole('img', { name: 'half' }).element().querySelector('.bar-empty')?.getAttribute('style')).toContain('10');
  expect(screen.getByRole('img', { name: 'none' }).element().children.length).toBe(1);
});

test('a part of one device in ten thousand can still be seen', async () => {
  const screen = await show(<div style={{ width: 600 }}><Bar parts={deploymentParts({ proven: 9_999, failed: 1 })} total={10_000} label="one" /></div>);
  expect(screen.getByTitle('1 failed').element().getBoundingClientRect().width).toBeGreaterThanOrEqual(2);
});

test('each part leads to the list of just its devices', async () => {
  const screen = await show(<Bar parts={parts} total={10} label="6 of 10 proven" hrefOf={({ key }) => `/devices?deployment=${key}`} />);
  await expect.element(screen.getByRole('link', { name: '1 failed' })).toHaveAttribute('href', '/devices?deployment=failed');
});
