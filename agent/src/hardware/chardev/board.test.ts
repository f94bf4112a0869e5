import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { BoardProfile, type Edge } from '@pier/shared/hardware';
import { expect, test, vi } from 'vitest';
import { Pollers, openChardevBoard } from './index.ts';
import { requests, structs } from './layout.ts';
import { ToyKernel } from './toy-kernel.ts';

const never = new AbortController().signal;
const waiting = { timeout: 20_000, interval: 5 };
/** One for all, as in a process: its pollers live as long as it does. */
const pollers = new Pollers();
const chip = 'pinctrl-rp1';
const output = { at: { chip, line: 17 }, direction: 'out', initial: 1, consumer: 'blink' } as const;
const input = { at: { chip, line: 5 }, direction: 'in', bias: 'up', consumer: 'door' } as const;

/** A Pi 5's header chip, as far as the tests go; two lines in use, the EEPROM's, and two that are not led out. */
function makeKernel(): ToyKernel {
  const kernel = new ToyKernel();
  const used: Record<number, string> = { 7: 'spi0 CS1', 8: '' };
  kernel.addChip('gpiochip0', chip, Array.from({ length: 30 }, (_, line) => ({ name: line < 2 ? ['ID_SDA', 'ID_SCL'][line] ?? '' : line === 29 ? '' : `GPIO${line}`, consumer: used[line] ?? '', used: line in used })));
  return kernel;
}

const open = (toy: ToyKernel, signal = never) => openChardevBoard({ openKernel: () => toy.kernel, pollers, clock: systemClock, roots: toy.roots }, signal);
const configOf = (bytes: Uint8Array) => ({ flags: Number(new DataView(bytes.buffer).getBigUint64(0, true)), attributes: new DataView(bytes.buffer).getUint32(8, true) });

test('the profile has every line by name and pin, and says what is not free', async () => {
  using toy = makeKernel();
  mkdirSync(join(toy.roots.proc, 'device-tree'));
  writeFileSync(join(toy.roots.proc, 'device-tree/model'), 'Raspberry Pi 5 Model B Rev 1.0\0');
  await using board = await open(toy);
  expect(BoardProfile.parse(board.profile)).toEqual(board.profile);
  expect(board.profile).toMatchObject({ model: 'raspberry-pi-5', serial: [], onRelease: 'input' });
  const lines = board.profile.chips[0]?.lines ?? [];
  expect(lines[17]).toEqual({ line: 17, name: 'GPIO17', headerPin: 11 });
  expect([0, 7, 8, 28, 29].map((line) => [lines[line]?.name, lines[line]?.reserved])).toEqual([
    ['ID_SDA', 'HAT identification EEPROM'],
    ['GPIO7', 'in use by the kernel or another program, as "spi0 CS1"'],
    ['GPIO8', 'in use by the kernel'],
    ['GPIO28', 'wired on the board, not led out'],
    ['line 29', 'wired on the board, not led out'],
  ]);
});

test('a link to a chip is no second chip, and chips of one label are told apart by their devices', async () => {
  using toy = makeKernel();
  symlinkSync('gpiochip0', join(toy.roots.dev, 'gpiochip4'));
  toy.addChip('gpiochip10', 'mcp23017', [{ name: 'A0' }]);
  toy.addChip('gpiochip2', 'mcp23017', [{}]);
  for (const [name, device] of [['gpiochip2', '1-0021'], ['gpiochip10', '1-0020']] as const) {
    mkdirSync(join(toy.roots.sys, 'devices', device, name), { recursive: true });
    mkdirSync(join(toy.roots.sys, 'bus/gpio/devices'), { recursive: true });
    symlinkSync(join(toy.roots.sys, 'devices', device, name), join(toy.roots.sys, 'bus/gpio/devices', name));
  }
  await using board = await open(toy);
  expect(board.profile.chips.map(({ label, lines }) => [label, lines.length])).toEqual([[chip, 30], ['mcp23017@1-0021', 1], ['mcp23017@1-0020', 1]]);
  await using line = await board.openLine({ ...output, at: { chip: 'mcp23017@1-0020', line: 0 } }, never);
  expect(line.at.chip).toBe('mcp23017@1-0020');
});

test('a line is opened in one request, with its first level and its pull', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  await using _out = await board.openLine(output, never);
  await using _in = await board.openLine(input, never);
  const opened = toy.asked.filter(({ request }) => request === requests.GPIO_V2_GET_LINE_IOCTL).map(({ bytes }) => bytes);
  const config = structs.gpio_v2_line_request.fields.config[0];
  expect(opened.map((bytes) => [bytes[0], configOf(bytes.slice(config))])).toEqual([[17, { flags: 8, attributes: 1 }], [5, { flags: 4 | 256, attributes: 0 }]]);
  expect([opened[0]?.[config + 40], opened[0]?.[config + 48]]).toEqual([1, 1]);
});

test.each([
  ['a line that is not there', { chip, line: 30 }, 'line-unknown', /pinctrl-rp1 \(30 lines\)/],
  ['a chip that is not there', { chip: 'pinctrl-bcm2711', line: 4 }, 'line-unknown', /"pinctrl-bcm2711"/],
  ['a line of the kernel', { chip, line: 7 }, 'line-reserved', /spi0 CS1/],
  ['the wires of the EEPROM', { chip, line: 0 }, 'line-reserved', /EEPROM/],
])('%s is refused', async (_, at, code, said) => {
  using toy = makeKernel();
  await using board = await open(toy);
  await expect(board.openLine({ ...output, at }, never)).rejects.toMatchObject({ code, message: expect.stringMatching(said) });
  expect(toy.asked).toEqual([]);
});

test('a held line is busy, by the name of its holder, until it is released; a second agent does not take it for the kernel\'s', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  const line = await board.openLine(output, never);
  await using other = await open(toy);
  expect(other.profile.chips[0]?.lines[17]).not.toHaveProperty('reserved');
  await expect(other.openLine({ ...output, consumer: 'thief' }, never)).rejects.toMatchObject({ code: 'line-busy', message: expect.stringMatching(/"blink"/) });
  await line[Symbol.asyncDispose]();
  await line[Symbol.asyncDispose]();
  await expect(line.drive(1, never)).rejects.toMatchObject({ code: 'conflict' });
  await using again = await other.openLine(output, never);
  expect(again.direction).toBe('out');
});

test('a board that is disposed releases what is open of it', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  const other = await open(toy);
  await other.openLine(output, never);
  await other[Symbol.asyncDispose]();
  await using line = await board.openLine(output, never);
  expect(line.at).toEqual(output.at);
});

test('an output is driven by value, and by configuration when its direction changes; an input never', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  await using line = await board.openLine(output, never);
  toy.asked.length = 0;
  for (const to of [0, 'input', 1, 0] as const) await line.drive(to, never);
  expect(toy.asked.map(({ request, bytes }) => (request === requests.GPIO_V2_LINE_SET_VALUES_IOCTL ? bytes[0] : configOf(bytes)))).toEqual([0, { flags: 4, attributes: 0 }, { flags: 8, attributes: 1 }, 0]);
  await using sensor = await board.openLine(input, never);
  await expect(sensor.drive(1, never)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/input/) });
  await expect(line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/output/) });
});

test('edges come from the descriptor, numbered, those that the kernel dropped counted; a second watch starts at one', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  await using line = await board.openLine(input, never);
  const edges: Edge[] = [];
  const watch = await line.watch({ edges: 'both', debounceUs: 2_000 }, (edge) => edges.push(edge), never);
  await expect(line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/watched already/) });
  expect(configOf(toy.asked.at(-1)?.bytes ?? new Uint8Array(16))).toEqual({ flags: 4 | 256 | 48, attributes: 1 });
  toy.edge(5, { level: 1, lineSeq: 1, tNs: 11n });
  toy.edge(5, { level: 0, lineSeq: 4, tNs: 12n });
  await vi.waitFor(() => expect(edges).toHaveLength(2), waiting);
  toy.edge(5, { level: 1, lineSeq: 5, tNs: 13n });
  await vi.waitFor(() => expect(edges).toEqual([{ tNs: 11n, seq: 1, lost: 0, level: 1 }, { tNs: 12n, seq: 4, lost: 2, level: 0 }, { tNs: 13n, seq: 5, lost: 0, level: 1 }]), waiting);
  await watch[Symbol.asyncDispose]();
  toy.edge(5, { level: 0, lineSeq: 6 });
  const second: number[] = [];
  await using kept = new AsyncDisposableStack();
  kept.use(await line.watch({ edges: 'both', debounceUs: 0 }, (edge) => second.push(edge.seq, edge.lost), never));
  // Disposed twice: the second watch is none of its business.
  await watch[Symbol.asyncDispose]();
  toy.edge(5, { level: 1, lineSeq: 7 });
  await vi.waitFor(() => expect(second).toEqual([1, 0]), waiting);
  expect(edges).toHaveLength(3);
});

test('a descriptor\'s number that is used again is waited for again', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  for (let n = 1; n <= 3; n += 1) {
    await using line = await board.openLine(input, never);
    const edges: Edge[] = [];
    await using kept = new AsyncDisposableStack();
    kept.use(await line.watch({ edges: 'both', debounceUs: 0 }, (edge) => edges.push(edge), never));
    toy.edge(5, { level: 1, lineSeq: 1 });
    await vi.waitFor(() => expect(edges).toHaveLength(1), waiting);
  }
});

test('when the chip is gone everybody hears of it, at the next access', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  await using line = await board.openLine(output, never);
  toy.isGone = true;
  await expect(line.drive(0, never)).rejects.toMatchObject({ code: 'board-gone', message: expect.stringMatching(/pinctrl-rp1.*gone: ENODEV/) });
  expect(board.gone.aborted).toBe(true);
  await expect(board.openLine(input, never)).rejects.toMatchObject({ code: 'board-gone' });
  await expect(board.openSerial({ path: '/dev/ttyUSB0', settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'x', onData: () => {}, onGone: () => {} }, never)).rejects.toMatchObject({ code: 'board-gone' });
});

test('what a driver cannot do is a hardware fault, and not the end of the board', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  await using line = await board.openLine(input, never);
  toy.refuses.set(requests.GPIO_V2_LINE_SET_CONFIG_IOCTL, 'ENODEV');
  await expect(line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never)).rejects.toMatchObject({ code: 'hardware-fault', message: expect.stringMatching(/watch.*ENODEV/) });
  expect(board.gone.aborted).toBe(false);
  toy.refuses.clear();
  await using kept = new AsyncDisposableStack();
  kept.use(await line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never));
});

test('an opening that is called off leaves the line free', async () => {
  using toy = makeKernel();
  await using board = await open(toy);
  const calledOff = new AbortController();
  const opening = board.openLine(output, calledOff.signal);
  calledOff.abort(new Error('called off'));
  await expect(opening).rejects.toThrow('called off');
  await using line = await board.openLine(output, never);
  expect(line.direction).toBe('out');
});

test.each([
  ['no chip at all', () => new ToyKernel(), /no .*gpiochip\*/],
  ['a kernel without uAPI v2', () => { const toy = makeKernel(); toy.refuses.set(requests.GPIO_V2_GET_LINEINFO_IOCTL, 'EINVAL'); return toy; }, /uAPI v2.*5\.10/],
  ['devices that are no chips', () => { const toy = makeKernel(); toy.refuses.set(requests.GPIO_GET_CHIPINFO_IOCTL, 'ENOTTY'); return toy; }, /no GPIO chip \(ENOTTY\)/],
])('with %s there is no board, and it says why', async (_, make, said) => {
  using toy = make();
  await expect(open(toy)).rejects.toMatchObject({ code: 'board-none', message: expect.stringMatching(said) });
});
