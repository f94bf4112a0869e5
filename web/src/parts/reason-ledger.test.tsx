import { expect, test } from 'vitest';
import { show } from '../testing/render.tsx';
import { ReasonLedger, type ReasonRow } from './reason-ledger.tsx';

const rows: readonly ReasonRow[] = [
  { key: 'a', icon: 'clock', family: 'waiting', count: 2_207, says: 'Wave 3 is not open', evidence: 'needs gate 2' },
  { key: 'b', icon: 'octagon', family: 'failed', count: 3, says: 'Not ready in time', code: 'app.health_failed', action: <a href="/devices/one">Why not one</a> },
];

test('each reason has its count, its words, its code, its evidence and one action', async () => {
  const screen = await show(<ReasonLedger rows={rows} label="Why not" sum={2_210} />);
  const items = screen.getByRole('list', { name: 'Why not' }).getByRole('listitem').elements().map((item) => item.textContent.replaceAll(/\s+/g, ' ').trim());
  expect(items).toEqual(['2,207Wave 3 is not open needs gate 2', '3Not ready in time app.health_failed Why not one']);
  expect(screen.getByRole('link', { name: 'Why not one' }).element().getAttribute('href')).toBe('/devices/one');
  expect(screen.getByRole('alert').elements()).toEqual([]);
});

test('counts that do not add up are told as an error, with both numbers', async () => {
  const screen = await show(<ReasonLedger rows={rows} label="Why not" sum={2_305} />);
  await expect.element(screen.getByRole('alert')).toHaveTextContent('These do not add up. The reasons count 2,210, but 2,305 are not proven.');
});
