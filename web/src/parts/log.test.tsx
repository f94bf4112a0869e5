import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { Log, type LogRow, hitsIn } from './log.tsx';

const line = (n: number, text: string, stream: 'stdout' | 'stderr' = 'stdout'): LogRow => ({ kind: 'line', id: String(n), at: '2026-11-20T03:14:06.812Z', app: 'meter', stream, text });

test('each line has its time, its app and its text; the error stream is said in a word', async () => {
  const screen = await show(<Log label="Lines" rows={[line(1, 'power 500 W'), line(2, 'slave 3: CRC error', 'stderr')]} />);
  const [first, second] = [...screen.getByRole('log', { name: 'Lines' }).element().children];
  expect(first?.textContent).toMatch(/^\d\d:14:06\.812meterpower 500 W$/);
  expect(second?.textContent).toMatch(/WARNmeterslave 3: CRC error$/);
});

test('missing lines stand as a row of their own between those that came', async () => {
  const screen = await show(<Log label="Lines" rows={[line(1, 'a'), { kind: 'gap', id: 'g', says: '12 lines dropped on the device' }, line(2, 'b')]} />);
  expect([...screen.getByRole('log').element().children].map(({ className }) => className)).toEqual(['log-line', 'log-gap', 'log-line']);
});

test('a search marks every place, and hides nothing', async () => {
  expect(hitsIn('Error, error', 'ERROR')).toEqual([[0, 5], [7, 12]]);
  expect(hitsIn('anything', '')).toEqual([]);
  const screen = await show(<Log label="Lines" search="crc" rows={[line(1, 'CRC and crc'), line(2, 'fine')]} />);
  expect([...screen.container.querySelectorAll('mark')].map(({ textContent }) => textContent)).toEqual(['CRC', 'crc']);
  expect(screen.container.querySelectorAll('.log-line').length).toBe(2);
  expect(screen.container.textContent).toContain('CRC and crc');
});

test('while it follows the newest line is in sight, and scrolling away says so', async () => {
  const rows = Array.from({ length: 200 }, (_, n) => line(n, `line ${n}`));
  const told: boolean[] = [];
  const screen = await show(<div style={{ height: 120 }}><Log label="Lines" following onFollow={(on) => told.push(on)} rows={rows} /></div>);
  const box = screen.getByRole('log').element();
  await expect.poll(() => box.scrollHeight - box.scrollTop - box.clientHeight).toBeLessThan(24);
  box.scrollTop = 0;
  await expect.poll(() => told.at(-1)).toBe(false);
});
