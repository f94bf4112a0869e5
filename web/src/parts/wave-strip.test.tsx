import { expect, test } from 'vitest';
import { Gate, type Rollout, type WaveState, type WaveView } from '@pier/shared/api';
import { show } from '../testing/render.tsx';
import { WaveStrip } from './wave-strip.tsx';

const wave = (n: number, state: WaveState, more: Partial<WaveView> = {}): WaveView => ({ n, state, plan: { take: { by: 'count', count: 1 }, gate: Gate.parse({}), advance: 'auto' }, total: 0, counts: {}, absent: 0, openedAt: null, passedAt: null, ...more });
const rollout = (...waves: WaveView[]): Pick<Rollout, 'state' | 'waves'> => ({ state: 'running', waves });
const three = rollout(
  wave(1, 'passed', { total: 25, counts: { proven: 24, waiting: 1 }, absent: 1 }),
  wave(2, 'active', { total: 10, counts: { proven: 6, waiting: 2, failed: 1, soaking: 1 }, absent: 1, openedAt: '2026-11-20T02:38:00Z' }),
  wave(3, 'pending', { total: 90, counts: { waiting: 90 } }),
);

test('shows each wave and gate in order, the open one with its counts and meters', async () => {
  const screen = await show(<WaveStrip rollout={three} />);
  expect(screen.getByRole('listitem').elements().map((item) => item.querySelector('.strong')?.textContent)).toEqual(['Wave 1', 'Wave 2', 'Wave 3']);
  await expect.element(screen.getByText('Gate 1 passed')).toBeInTheDocument();
  await expect.element(screen.getByText('Gate 2 not passed yet')).toBeInTheDocument();
  await expect.element(screen.getByRole('img', { name: 'Wave 2, 10 devices: 6 proven, 1 soaking, 1 waiting, 1 away or held up, 1 failed' })).toBeVisible();
  expect(screen.getByRole('group', { name: 'Gate 2' }).getByRole('img').elements()).toHaveLength(3);
});

test('the open wave is widest, whatever the numbers of devices are', async () => {
  const screen = await show(<WaveStrip rollout={three} />);
  const [first, second, third] = screen.getByRole('listitem').elements().map((item) => item.getBoundingClientRect().width);
  expect(second).toBeGreaterThan((first ?? 0) * 2);
  expect(second).toBeGreaterThan((third ?? 0) * 2);
});

test('a counter leads to its list only where there is one', async () => {
  const screen = await show(<WaveStrip rollout={three} hrefOf={({ key }) => (key === 'failed' ? '/devices?rollout=r&deployment=failed' : undefined)} />);
  expect(screen.getByRole('link').elements().map((link) => [link.getAttribute('aria-label'), link.getAttribute('href')])).toEqual([['1 failed', '/devices?rollout=r&deployment=failed']]);
});

test('counts that do not add up to the wave are told as an error', async () => {
  const screen = await show(<WaveStrip rollout={rollout(wave(1, 'active', { total: 5, counts: { proven: 3 } }))} />);
  await expect.element(screen.getByRole('alert')).toHaveTextContent('These do not add up. The states count 3, but the wave has 5.');
});

test('of seven waves the passed ones are one berth', async () => {
  const many = rollout(...Array.from({ length: 7 }, (_, index) => wave(index + 1, index < 4 ? 'passed' : index === 4 ? 'failed' : 'pending', { total: 1, counts: { proven: 1 } })));
  const screen = await show(<WaveStrip rollout={many} />);
  expect(screen.getByRole('listitem').elements().map((item) => item.querySelector('.strong')?.textContent)).toEqual(['Waves 1 to 4', 'Wave 5', 'Waves 6 to 7']);
  await expect.element(screen.getByText('Gate 5 failed')).toBeInTheDocument();
});
