/** A board of the kernel's own GPIO simulator (Documentation/admin-guide/gpio/gpio-sim), and what a person with wires does to it. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import type { Level } from '@pier/shared/hardware';
import type { Outside } from '../contract/board.ts';

const config = '/sys/kernel/config/gpio-sim';
const tracing = '/sys/kernel/tracing';
const name = 'pier';
const chip = 'pinctrl-rp1';
const lineCount = 54;
/** Interrupts of the simulator wait for the next tick, of 10 ms: changes within one are one. */
const settleMs = 30;

export type GpioSim = Disposable & { readonly outside: Outside; readonly chip: string; readonly lineCount: number };

const write = (...path: readonly string[]) => (text: string) => writeFileSync(join(...path), text);
const read = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8').trim();

/** Brings a chip up: lines with the names of a Pi's header, line 7 held by the kernel, line 5 pulled up as after reset. */
export function makeGpioSim(): GpioSim {
  const bank = join(config, name, 'bank0');
  mkdirSync(bank, { recursive: true });
  write(bank, 'num_lines')(String(lineCount));
  write(bank, 'label')(chip);
  for (const line of [4, 5, 17]) {
    mkdirSync(join(bank, `line${line}`));
    write(bank, `line${line}`, 'name')(`GPIO${line}`);
  }
  mkdirSync(join(bank, 'line7/hog'), { recursive: true });
  write(bank, 'line7/hog/name')('spi0 CS1');
  write(bank, 'line7/hog/direction')('output-high');
  write(config, name, 'live')('1');
  const device = join('/sys/devices/platform', read(config, name, 'dev_name'), read(bank, 'chip_name'));
  const base = baseOf(chip);
  write(device, 'sim_gpio5/pull')('pull-up');
  write(tracing, 'trace')('');
  write(tracing, 'events/gpio/enable')('1');
  return { chip, lineCount, outside: outsideOf({ device, base }), [Symbol.dispose]: () => takeDown(bank) };
}

function baseOf(label: string): number {
  for (const found of readdirSync('/sys/class/gpio')) {
    const folder = join('/sys/class/gpio', found);
    if (existsSync(join(folder, 'label')) && read(folder, 'label') === label) return Number(read(folder, 'base'));
  }
  throw new Error(`no chip ${label} in /sys/class/gpio`);
}

function takeDown(bank: string): void {
  if (read(config, name, 'live') === '1') write(config, name, 'live')('0');
  rmdirSync(join(bank, 'line7/hog'));
  for (const line of readdirSync(bank).filter((entry) => entry.startsWith('line'))) rmdirSync(join(bank, line));
  rmdirSync(bank);
  rmdirSync(join(config, name));
}

const offsetOf = (line: string): number => Number(line.replace('GPIO', ''));

function outsideOf({ device, base }: { readonly device: string; readonly base: number }): Outside {
  const pull = (line: string, level: Level): void => write(device, `sim_gpio${offsetOf(line)}`, 'pull')(level === 1 ? 'pull-up' : 'pull-down');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  return {
    set: async (line, level) => {
      // Into the kernel's own record, in its order.
      write(tracing, 'trace_marker')(`outside: ${base + offsetOf(line)} ${level}`);
      pull(line, level);
      await systemClock.sleep(settleMs);
    },
    seen: (line) => changesOf(read(tracing, 'trace'), base + offsetOf(line)),
    storm: (line) => {
      // More than the kernel keeps for a reader who is busy.
      const edges = 600;
      for (let n = 1; n <= edges; n += 1) {
        pull(line, n % 2 === 1 ? 1 : 0);
        Atomics.wait(pause, 0, 0, settleMs);
      }
      return edges;
    },
    vanish: async () => write(config, name, 'live')('0'),
  };
}

type Change = { readonly level: Level; readonly direction: 'in' | 'out' };

/** What the kernel's gpio events say of a line: each change of level or direction. An output's first level comes just before its direction. */
export function changesOf(trace: string, number: number): readonly Change[] {
  const changes: Change[] = [];
  let now: Change = { level: 0, direction: 'in' };
  let first: Level = 0;
  const take = (change: Change): void => {
    if (change.level !== now.level || change.direction !== now.direction) changes.push(change);
    now = change;
  };
  for (const [, kind, gpio, what] of trace.matchAll(/(gpio_value|gpio_direction|outside): (\d+)\s+(set \d|get \d|in|out|\d)/g)) {
    if (Number(gpio) !== number) continue;
    if (kind === 'gpio_direction') take(what === 'out' ? { level: first, direction: 'out' } : { level: now.level, direction: 'in' });
    else if (kind === 'outside' && now.direction === 'in') take({ level: what === '1' ? 1 : 0, direction: 'in' });
    else if (kind === 'gpio_value' && what?.startsWith('set')) {
      first = what === 'set 1' ? 1 : 0;
      if (now.direction === 'out') take({ level: first, direction: 'out' });
    }
  }
  return changes;
}
