/** What sysfs does besides the Board contract: real onoff and its real addon, on a simulated /sys/class/gpio. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '@pier/shared/core';
import { type Edge, type Line, lostUnknown, openCell } from '@pier/shared/hardware';
import { openSysfsBoard, probeSysfs } from '../../agent/src/hardware/sysfs/index.ts';
import { trappingGuest } from '../support/guests.ts';
import { gpioRoot } from '../support/own-sysfs.ts';
import { readRecord } from '../support/record.ts';
import { noSmallDisk, openSmallDisk } from '../support/small-disk.ts';
import { prepareSysfs, startSysfs } from './sysfs-bench.ts';

const agent = fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url));
const why = await prepareSysfs();
const never = new AbortController().signal;
const waiting = { timeout: 30_000, interval: 10 };
const chip = 'pinctrl-rp1';
const pi = { model: 'raspberry-pi-5' };
const at = { chip, line: 17 };
const fault = (code: string, said: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(said) });
const valueOf = (line: Line) => openCell(line.cell, () => systemClock.monotonicNs());
const put = (name: string, text: string): void => writeFileSync(join(gpioRoot, name), text);
const show = (name: string): string => readFileSync(join(gpioRoot, name), 'utf8').trim();
const exported = (): string[] => readdirSync(gpioRoot).filter((name) => /^gpio\d/.test(name));
/** The errno of an act, or ok. */
const errnoOf = (act: () => unknown): string => {
  try {
    act();
    return 'ok';
  } catch (cause) {
    return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  }
};

/** An agent in a process of its own, killed with line 17 exported; gives how it ended, and its complaints. */
function dieHolding(folder: string): readonly unknown[] {
  const program = `
    import { systemClock } from '@pier/shared/core';
    import { openSysfsBoard } from ${JSON.stringify(join(import.meta.dirname, '../../agent/src/hardware/sysfs/index.ts'))};
    const never = new AbortController().signal;
    const board = await openSysfsBoard({ clock: systemClock, folder: ${JSON.stringify(folder)} }, never);
    await board.openLine({ at: { chip: '${chip}', line: 17 }, direction: 'out', initial: 1, consumer: 'blink' }, never);
    process.kill(process.pid, 'SIGKILL');`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname, encoding: 'utf8' });
  return [signal, stderr];
}

describe.skipIf(why !== undefined)('the simulated /sys/class/gpio', () => {
  test('has chips with the numbers of Linux 6.6, and answers wrong use with the errno of the kernel', async () => {
    await using _ = await startSysfs(pi);
    const chips = readdirSync(gpioRoot).filter((name) => name.startsWith('gpiochip'));
    expect(chips.map((name) => [show(`${name}/base`), show(`${name}/label`), show(`${name}/ngpio`)])).toContainEqual(['571', chip, '54']);
    expect(chips).toHaveLength(5);
    expect([['export', '588'], ['export', '588'], ['export', '571'], ['export', '99999'], ['export', 'x'], ['unexport', '600']].map(([name = '', text = '']) => errnoOf(() => put(name, text)))).toEqual(['ok', 'EBUSY', 'EBUSY', 'EINVAL', 'EINVAL', 'EINVAL']);
    expect(readdirSync(join(gpioRoot, 'gpio588')).toSorted()).toEqual(['active_low', 'direction', 'edge', 'value']);
    expect([show('gpio588/direction'), show('gpio588/value'), show('gpio588/edge'), show('gpio588/active_low')]).toEqual(['in', '0', 'none', '0']);
    const line = [['value', '1'], ['edge', 'bogus'], ['direction', 'up'], ['edge', 'both'], ['direction', 'out'], ['edge', 'none'], ['direction', 'high'], ['edge', 'rising'], ['value', 'x'], ['value', '0\n'], ['active_low', '1']];
    expect(line.map(([name = '', text = '']) => errnoOf(() => put(`gpio588/${name}`, text)))).toEqual(['EPERM', 'EINVAL', 'EINVAL', 'ok', 'EIO', 'ok', 'ok', 'EIO', 'EINVAL', 'ok', 'ok']);
    expect([show('gpio588/direction'), show('gpio588/value')]).toEqual(['out', '1']);
    expect([errnoOf(() => readFileSync(join(gpioRoot, 'export'))), errnoOf(() => put('gpiochip571/base', '1')), errnoOf(() => put('new', '1')), errnoOf(() => rmSync(join(gpioRoot, 'export'))), errnoOf(() => mkdirSync(join(gpioRoot, 'd')))]).toEqual(['EIO', 'EIO', 'EACCES', 'EPERM', 'EPERM']);
    const open = openSync(join(gpioRoot, 'gpio588/value'), 'r');
    put('unexport', '588');
    expect(errnoOf(() => readFileSync(open))).toBe('ENODEV');
    closeSync(open);
    expect(exported()).toEqual([]);
  });

  test('is the same board as that of the socket: buttons, record and holders', async () => {
    await using bench = await startSysfs({ ...pi, parts: [{ part: 'button', name: 'bell', line: 'GPIO22' }] });
    put('export', '593');
    expect(show('gpio593/value')).toBe('1');
    await bench.sim.client.request({ op: 'press', part: 'bell', ms: 60_000 }, never);
    expect(show('gpio593/value')).toBe('0');
    await expect(bench.sim.client.request({ op: 'open', at: { chip, line: 22 }, direction: 'in', bias: 'none', consumer: 'x' }, never)).rejects.toThrow(fault('line-busy', /held by "sysfs"/));
    put('gpio593/direction', 'high');
    put('gpio593/value', '0');
    expect(readRecord(join(bench.sim.dir, 'record.ndjson')).slice(-2)).toMatchObject([{ name: 'GPIO22', level: 1, direction: 'out', by: 'agent', consumer: 'sysfs' }, { level: 0, by: 'guest' }]);
  });

  test('is unmounted at the end, also from under a reader; one of a killed simulator is taken over by the next', async () => {
    const mounted = (): boolean => readFileSync('/proc/self/mounts', 'utf8').includes(`pier-sysfs ${gpioRoot} `);
    {
      await using bench = await startSysfs(pi);
      const open = openSync(join(gpioRoot, 'gpiochip571/label'), 'r');
      bench.sim.sim.child.kill('SIGTERM');
      expect(await bench.sim.sim.exited).toEqual({ code: 0, signal: null });
      expect(mounted()).toBe(false);
      expect(errnoOf(() => readFileSync(open))).toMatch(/ENOTCONN|ECONNABORTED/);
      expect(errnoOf(() => closeSync(open))).toBe('ENOTCONN');
    }
    await using killed = await startSysfs(pi);
    killed.sim.sim.child.kill('SIGKILL');
    await killed.sim.sim.exited;
    expect([mounted(), errnoOf(() => readdirSync(gpioRoot))]).toEqual([true, 'ENOTCONN']);
    await using _ = await startSysfs(pi);
    expect(show('gpiochip571/label')).toBe(chip);
  });
});

describe.skipIf(why !== undefined)('an agent on sysfs', () => {
  test('hears 2,000 edges that it has time for, and of pulses the level that they ended with', async () => {
    await using bench = await startSysfs(pi);
    await using board = await bench.open();
    await using line = await board.openLine({ at, direction: 'in', consumer: 'meter' }, never);
    const edges: Edge[] = [];
    const heard = Promise.withResolvers<void>();
    let level: 0 | 1 = 1;
    const set = (to: 0 | 1) => bench.sim.client.request({ op: 'outside', line: 'GPIO17', level: to }, never);
    const onEdge = (edge: Edge): void => {
      edges.push(edge);
      level = level === 1 ? 0 : 1;
      if (edges.length === 2_000) heard.resolve();
      else if (edges.length < 2_000) void set(level);
    };
    await using _ = await line.watch({ edges: 'both', debounceUs: 0 }, onEdge, never);
    await set(1);
    await heard.promise;
    expect(edges.map((edge) => edge.level)).toEqual(edges.map((_edge, index) => (index % 2 === 0 ? 1 : 0)));
    for (let pulse = 0; pulse < 100; pulse += 1) await Promise.all([set(1), set(0)]);
    await vi.waitFor(() => expect([edges.at(-1)?.level, valueOf(line).read()]).toEqual([0, 0]), waiting);
    // Each pulse is an interrupt or two: what is not seen is not made up.
    expect(edges.length).toBeGreaterThan(2_000);
    expect(edges.length).toBeLessThanOrEqual(2_200);
    expect(edges.every(({ seq, lost }, index) => seq === index + 1 && lost === lostUnknown)).toBe(true);
  });

  test('finds a line by its chip though the numbers change between boots', async () => {
    for (const base of [399, 512]) {
      await using bench = await startSysfs({ model: 'raspberry-pi-4b' }, ['--gpio-base', String(base)]);
      await using board = await bench.open();
      await using _ = await board.openLine({ at: { chip: 'pinctrl-bcm2711', line: 17 }, direction: 'out', initial: 1, consumer: 'blink' }, never);
      expect(exported()).toEqual([`gpio${base + 17}`]);
      expect(show(`gpio${base + 17}/value`)).toBe('1');
    }
  });

  test('waits for rights that come late, and goes on meanwhile', async () => {
    await using bench = await startSysfs(pi, ['--slow-udev', '40']);
    await using board = await bench.open();
    let turns = 0;
    using _ = systemClock.every(1, () => (turns += 1));
    await using line = await board.openLine({ at, direction: 'out', initial: 1, consumer: 'blink' }, never);
    expect(valueOf(line).read()).toBe(1);
    expect(turns).toBeGreaterThan(5);
  });

  test('gives up on rights that never come, names the file, and leaves the line free', async () => {
    await using bench = await startSysfs(pi, ['--slow-udev', '100000']);
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * 20 };
    await using board = await openSysfsBoard({ clock, folder: bench.folder }, never);
    await expect(board.openLine({ at, direction: 'out', consumer: 'blink' }, never)).rejects.toThrow(fault('hardware-fault', /value.*group "gpio".*EACCES/));
    expect(exported()).toEqual([]);
  });

  test('is refused a line that the kernel gave to somebody else, and one that a stranger exported', async () => {
    await using bench = await startSysfs(pi);
    await using board = await bench.open();
    await bench.sim.client.request({ op: 'open', at, direction: 'in', bias: 'none', consumer: 'driver' }, never);
    await expect(board.openLine({ at, direction: 'out', consumer: 'blink' }, never)).rejects.toThrow(fault('line-busy', /held by the kernel/));
    put('export', '589');
    await expect(board.openLine({ at: { chip, line: 18 }, direction: 'out', consumer: 'blink' }, never)).rejects.toThrow(fault('line-busy', /no agent of this folder/));
    expect(exported()).toEqual(['gpio589']);
  });

  test('takes back what an agent that died had exported, and nothing else', async () => {
    await using bench = await startSysfs(pi);
    put('export', '589');
    await using early = await bench.open();
    expect(dieHolding(bench.folder)).toEqual(['SIGKILL', '']);
    // An export outlives its process, and the line keeps its level.
    expect([exported(), show('gpio588/value')]).toEqual([['gpio588', 'gpio589'], '1']);
    {
      await using _ = await early.openLine({ at, direction: 'in', consumer: 'door' }, never);
      expect(exported()).toEqual(['gpio588', 'gpio589']);
    }
    dieHolding(bench.folder);
    await using board = await bench.open();
    expect(exported()).toEqual(['gpio589']);
    await using held = await board.openLine({ at, direction: 'in', consumer: 'door' }, never);
    // A second agent takes nothing from one that lives.
    await using _ = await bench.open();
    await expect(early.openLine({ at, direction: 'in', consumer: 'thief' }, never)).rejects.toThrow(fault('line-busy', /"door"/));
    expect([exported(), valueOf(held).read()]).toEqual([['gpio588', 'gpio589'], 0]);
  });

  test('of another boot left nothing: its numbers mean other lines now', async () => {
    await using bench = await startSysfs(pi);
    put('export', '588');
    const record = { by: { boot: 'another', pid: 1, startTicks: '1' }, lines: [{ at, number: 588, consumer: 'blink' }] };
    writeFileSync(join(bench.folder, 'sysfs-00000000-0000-4000-8000-000000000000.json'), JSON.stringify(record));
    await using _ = await bench.open();
    expect([exported(), readdirSync(bench.folder)]).toEqual([['gpio588'], []]);
  });

  test('that watches a line hears at once that its board is gone, and does not fall with it', async () => {
    await using bench = await startSysfs(pi);
    await using board = await bench.open();
    const line = await board.openLine({ at, direction: 'in', consumer: 'door' }, never);
    const watch = await line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never);
    bench.sim.sim.child.kill('SIGKILL');
    await vi.waitFor(() => expect(board.gone.aborted).toBe(true), waiting);
    await expect(line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never)).rejects.toThrow(fault('board-gone', /gone/));
    await watch[Symbol.asyncDispose]();
    await line[Symbol.asyncDispose]();
  });

  test('releases a line that it watches though the chip went before anybody noticed', async () => {
    await using bench = await startSysfs(pi);
    await using board = await bench.open();
    const line = await board.openLine({ at, direction: 'in', consumer: 'door' }, never);
    await line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never);
    const open = (): string[] => readdirSync('/proc/self/fd').filter((fd) => errnoOf(() => readlinkSync(`/proc/self/fd/${fd}`)) === 'ok' && readlinkSync(`/proc/self/fd/${fd}`).endsWith('/value'));
    expect(open()).not.toEqual([]);
    // In one go, so that no event comes between.
    expect(spawnSync('umount', ['-l', gpioRoot]).status).toBe(0);
    expect(board.gone.aborted).toBe(false);
    await line[Symbol.asyncDispose]();
    expect([open(), board.gone.aborted]).toEqual([[], true]);
  });

  test('opens and releases lines on a full disk, and keeps its record again when there is room', async (context) => {
    const without = noSmallDisk();
    if (without !== undefined) context.skip(without);
    await using bench = await startSysfs(pi);
    using disk = openSmallDisk(1);
    await using board = await openSysfsBoard({ clock: systemClock, folder: disk.folder }, never);
    const lines = [await board.openLine({ at, direction: 'out', initial: 1, consumer: 'blink' }, never)];
    disk.fill();
    lines.push(await board.openLine({ at: { chip, line: 18 }, direction: 'out', consumer: 'blink' }, never));
    expect([bench.sim.sim.child.exitCode, exported(), show('gpio588/value')]).toEqual([null, ['gpio588', 'gpio589'], '1']);
    for (const line of lines) await line[Symbol.asyncDispose]();
    expect(exported()).toEqual([]);
    disk.free();
    await using _ = await board.openLine({ at, direction: 'in', consumer: 'door' }, never);
    const [record = ''] = readdirSync(disk.folder).filter((name) => name.startsWith('sysfs-'));
    expect(JSON.parse(readFileSync(join(disk.folder, record), 'utf8'))).toMatchObject({ lines: [{ number: 588, consumer: 'door' }] });
  });

  test('lets a guest drive a line from its own thread, and makes it safe when the guest traps', async () => {
    await using bench = await startSysfs(pi);
    const { wasm, asks } = await trappingGuest(50);
    const [file, grant] = [join(bench.folder, 'guest.wasm'), join(bench.folder, 'grant.json')];
    writeFileSync(file, wasm);
    writeFileSync(grant, JSON.stringify({ asks, bindings: { led: { kind: 'gpio', ...at } } }));
    const { status, stderr } = spawnSync(process.execPath, [agent, 'run', file, '--board', 'sysfs', '--grant', grant], { encoding: 'utf8', env: { ...process.env, HOME: bench.folder } });
    expect([status, stderr]).toEqual([134, expect.stringContaining('trap')]);
    const seen = readRecord(join(bench.sim.dir, 'record.ndjson')).map(({ name, level, direction, by }) => [name, level, direction, by]);
    expect(seen).toEqual([['GPIO17', 0, 'out', 'agent'], ['GPIO17', 1, 'out', 'guest'], ['GPIO17', 0, 'out', 'agent'], ['GPIO17', 0, 'in', 'release']]);
    expect(exported()).toEqual([]);
  });

  test('is told why where there is no sysfs, or no chip in it', async () => {
    expect(probeSysfs()).toEqual({ usable: false, why: expect.stringMatching(/CONFIG_GPIO_SYSFS/) });
    await expect(openSysfsBoard({ clock: systemClock, folder: '/nowhere' }, never)).rejects.toThrow(fault('board-none', /CONFIG_GPIO_SYSFS/));
    await using _ = await startSysfs(pi);
    expect(probeSysfs()).toEqual({ usable: true, why: expect.stringContaining('pinctrl-rp1 (54 lines)') });
    expect(existsSync(join(gpioRoot, 'gpio588'))).toBe(false);
  });
});
