import { expect, test } from 'vitest';
import { Gate } from '@pier/shared/api';
import { show } from '../testing/render.tsx';
import { readGate } from './gate.ts';
import { GateMeter } from './gate-meter.tsx';

const meters = (counts: Record<string, number>, gate: Partial<Gate>) => <div style={{ width: 400 }}>{readGate({ counts, absent: 0, plan: { gate: Gate.parse(gate) } }).map((reading) => <GateMeter key={reading.kind} reading={reading} />)}</div>;

test('says limit, share, sample and the next step, to those who see it and to those who do not', async () => {
  const screen = await show(meters({ proven: 61, failed: 9, waiting: 26 }, { successPercent: 90, failurePercent: 10, failureSampleMin: 20 }));
  await expect.element(screen.getByRole('img', { name: 'Ended badly, stops above 10 %: 12.9 %. 9 of 70 finished; this stopped it' })).toBeInTheDocument();
  await expect.element(screen.getByText('61 of 96 able to take it; needs 26 more; can still reach 90.6 %')).toBeVisible();
});

test('the mark of a failure limit stands in the middle of its scale, and the fill never leaves the track', async () => {
  const screen = await show(meters({ failed: 9, proven: 1 }, { failurePercent: 5 }));
  const track = screen.getByRole('img', { name: /^Ended badly/ }).element();
  const [fill, mark] = [...track.children].map((one) => one.getBoundingClientRect());
  const box = track.getBoundingClientRect();
  expect(Math.round(((mark?.left ?? 0) + 1 - box.left) / box.width * 100)).toBe(50);
  expect(fill?.width).toBeCloseTo(box.width, 0);
});
