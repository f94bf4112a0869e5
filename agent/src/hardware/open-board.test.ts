import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Log, silentLog, systemClock } from '@pier/shared/core';
import { type Board, BoardProfile } from '@pier/shared/hardware';
import { expect, test, vi } from 'vitest';
import { startBoard } from '../../testing/site.ts';
import { requests } from './chardev/layout.ts';
import { ToyKernel } from './chardev/toy-kernel.ts';
import { boardChoice } from './board-choice.ts';
import { type BoardOptions, boardOpener } from './index.ts';
import { probeSysfs } from './sysfs/index.ts';

const never = new AbortController().signal;
const output = { at: { chip: 'pinctrl-rp1', line: 17 }, direction: 'out', consumer: 'blink' } as const;
const port = { path: '/dev/no-such-port', settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'x', onData: () => {}, onGone: () => {} } as const;

/** This machine's own sysfs is looked at, since its place cannot be moved: a test that counts on none says when there is one. */
const hasSysfs = [probeSysfs().usable, 'this machine has pins of its own in sysfs'] as const;

function makeSite({ chips = true }: { readonly chips?: boolean } = {}) {
  const toy = new ToyKernel();
  if (chips) toy.addChip('gpiochip0', 'pinctrl-rp1', Array.from({ length: 28 }, (_, line) => ({ name: `GPIO${line}` })));
  const warned: Record<string, unknown>[] = [];
  const ticks: (() => void)[] = [];
  const log: Log = { ...silentLog, warn: (fields, event) => void warned.push({ event, ...fields }) };
  const clock: Clock = {
    ...systemClock,
    every: (_, act) => {
      ticks.push(act);
      return { [Symbol.dispose]: () => void ticks.splice(ticks.indexOf(act), 1) };
    },
  };
  const open = (choice: string, more: Partial<BoardOptions> = {}): Promise<Board> => boardOpener({ choice, folder: join(toy.dir, 'agent'), clock, log, roots: toy.roots, kernel: () => toy.kernel, ...more })(never);
  return { toy, warned, ticks, open, [Symbol.dispose]: () => toy[Symbol.dispose]() };
}

test('the character device is taken where it answers, without a word from anybody', async () => {
  using site = makeSite();
  await using board = await site.open('auto');
  expect(board.profile.chips.map(({ label }) => label)).toEqual(['pinctrl-rp1']);
  expect(site.warned).toEqual([]);
});

test.for([
  ['no chips', false, undefined, /no .*gpiochip\*/],
  ['a kernel that is too old', true, 'EINVAL', /uAPI v2/],
] as const)('with %s the agent runs without pins, and its log says what was tried and why it was no good', async ([, chips, refuses, why], { skip }) => {
  skip(...hasSysfs);
  using site = makeSite({ chips });
  if (refuses) site.toy.refuses.set(requests.GPIO_V2_GET_LINEINFO_IOCTL, refuses);
  mkdirSync(join(site.toy.roots.proc, 'device-tree'));
  writeFileSync(join(site.toy.roots.proc, 'device-tree/model'), 'Some Board');
  writeFileSync(join(site.toy.roots.dev, 'ttyUSB0'), '');
  await using board = await site.open('auto');
  expect(site.warned).toEqual([{ event: 'board.none', tried: { chardev: expect.stringMatching(why), sysfs: expect.stringMatching(/\/sys\/class\/gpio/) } }]);
  expect(BoardProfile.parse(board.profile)).toEqual({ model: 'some-board', chips: [], serial: [{ path: join(site.toy.roots.dev, 'ttyUSB0'), name: 'ttyUSB0' }], onRelease: 'keep' });
  await expect(board.openLine(output, never)).rejects.toMatchObject({ code: 'line-unknown', message: expect.stringMatching(/no GPIO/) });
  await expect(board.openSerial(port, never)).rejects.toMatchObject({ code: 'port-unknown' });
});

test('pins that come later are found, and the board is opened anew', async ({ skip }) => {
  skip(...hasSysfs);
  using site = makeSite({ chips: false });
  await using board = await site.open('auto');
  const look = async (): Promise<void> => {
    for (const tick of site.ticks) tick();
    await systemClock.sleep(20);
  };
  await look();
  expect(board.gone.aborted).toBe(false);
  site.toy.addChip('gpiochip0', 'pinctrl-rp1', [{}]);
  await vi.waitFor(async () => {
    await look();
    expect(board.gone.aborted).toBe(true);
  }, { timeout: 20_000 });
  await expect(board.openLine(output, never)).rejects.toMatchObject({ code: 'board-gone' });
  await board[Symbol.asyncDispose]();
  expect(site.ticks).toEqual([]);
  await using again = await site.open('auto');
  expect(again.profile.chips).toHaveLength(1);
});

test('however often it is looked for pins, the door to the kernel is made once', async ({ skip }) => {
  skip(...hasSysfs);
  using site = makeSite();
  site.toy.refuses.set(requests.GPIO_V2_GET_LINEINFO_IOCTL, 'EINVAL');
  let asked = 0;
  let made = 0;
  const kernel = () => {
    made += 1;
    return { ...site.toy.kernel, ioctl: (...how: Parameters<typeof site.toy.kernel.ioctl>) => ((asked += 1), site.toy.kernel.ioctl(...how)) };
  };
  await using _ = await site.open('auto', { kernel });
  const before = asked;
  for (const tick of site.ticks) tick();
  await vi.waitFor(() => expect(asked).toBeGreaterThan(before), { timeout: 20_000 });
  expect(made).toBe(1);
});

test('a backend that was named is the only one tried', async () => {
  using site = makeSite({ chips: false });
  await expect(site.open('chardev')).rejects.toMatchObject({ code: 'board-none', message: expect.stringMatching(/gpiochip/) });
  await expect(site.open('sim:/no/such/folder')).rejects.toMatchObject({ code: 'board-gone' });
  expect(site.warned).toEqual([]);
  for (const wrong of ['', 'usb', 'sim:', 'autos', 'xsim:/a']) expect(boardChoice.test(wrong)).toBe(false);
});

test('sysfs that offers nothing says so', async ({ skip }) => {
  skip(...hasSysfs);
  using site = makeSite();
  await expect(site.open('sysfs')).rejects.toMatchObject({ code: 'board-none', message: expect.stringMatching(/sysfs/) });
});

test('lines that the owner keeps are shown as reserved and not opened; the others are', async () => {
  using site = makeSite();
  await using board = await site.open('chardev', { reserve: [{ chip: 'pinctrl-rp1', line: 17 }, { chip: 'no-such-chip', line: 1 }] });
  expect(board.profile.chips[0]?.lines.filter(({ reserved }) => reserved !== undefined)).toEqual([{ line: 17, name: 'GPIO17', headerPin: 11, reserved: expect.stringMatching(/--reserve/) }]);
  await expect(board.openLine(output, never)).rejects.toMatchObject({ code: 'line-reserved', message: expect.stringMatching(/GPIO17.*--reserve/) });
  await using line = await board.openLine({ ...output, at: { chip: 'pinctrl-rp1', line: 18 } }, never);
  expect(line.at.line).toBe(18);
});

test('of a simulated board lines are kept as well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pier-reserve-'));
  try {
    await using sim = await startBoard(folder);
    const reserved = { chip: 'pinctrl-bcm2711', line: 17 };
    await using board = await boardOpener({ choice: `sim:${sim.dir}`, folder, reserve: [reserved], clock: systemClock, log: silentLog })(never);
    await expect(board.openLine({ ...output, at: reserved }, never)).rejects.toMatchObject({ code: 'line-reserved', message: expect.stringMatching(/GPIO17.*--reserve/) });
    await using line = await board.openLine({ ...output, at: { ...reserved, line: 18 } }, never);
    expect(line.at.line).toBe(18);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
