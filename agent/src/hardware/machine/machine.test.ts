import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BoardProfile } from '@pier/shared/hardware';
import { systemClock } from '@pier/shared/core';
import { expect, test } from 'vitest';
import { machinePorts, machineSerial, modelName, modelOf } from './index.ts';

const never = new AbortController().signal;

function makeMachine(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'pier-machine-'));
  const roots = { dev: join(dir, 'dev'), sys: join(dir, 'sys'), proc: join(dir, 'proc') };
  const put = (name: string, act: (path: string) => void): void => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    act(join(dir, name));
  };
  for (const [name, text] of Object.entries(files)) put(name, (path) => writeFileSync(path, text));
  for (const [name, target] of Object.entries(links)) put(name, (path) => symlinkSync(target, path));
  const shown = () => machinePorts(roots).map((port) => [port.path.slice(dir.length + 1), port.reserved ?? 'free']);
  return { roots, dir, shown, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

test.each([
  ['Raspberry Pi 4 Model B Rev 1.4\0', 'raspberry-pi-4b'],
  ['Raspberry Pi 5 Model B Rev 1.0', 'raspberry-pi-5'],
  ['Raspberry Pi 3 Model B Plus Rev 1.3', 'raspberry-pi-3b-plus'],
  ['Raspberry Pi Zero 2 W Rev 1.0', 'raspberry-pi-zero-2-w'],
  ['Raspberry Pi Compute Module 4 Rev 1.1', 'raspberry-pi-compute-module-4'],
  ['Radxa ROCK 5B', 'radxa-rock-5b'],
  ['\0', 'generic'],
  ['long '.repeat(40), 'long-'.repeat(13).slice(0, 64)],
])('the model %j is %s', (text, name) => {
  expect(modelName(text)).toBe(name);
});

test('a machine without a device tree is generic', () => {
  using machine = makeMachine({});
  expect(modelOf(machine.roots)).toBe('generic');
});

test('ports are listed by their stable links first, each device once, and no device that is no port', () => {
  using machine = makeMachine(
    { 'dev/ttyUSB10': '', 'dev/ttyUSB2': '', 'dev/ttyACM0': '', 'dev/ttyAMA0': '', 'dev/ttyAMA10': '', 'dev/tty1': '', 'dev/ttyprintk': '', 'dev/ttyS0': '', 'sys/class/tty/ttyS0/type': '0\n', 'dev/ttyS1': '', 'sys/class/tty/ttyS1/type': '4\n' },
    { 'dev/serial/by-id/usb-FTDI_FT232R_A10XYZ-if00-port0': '../../ttyUSB2', 'dev/serial0': 'ttyAMA0' },
  );
  expect(machine.shown()).toEqual([
    ['dev/serial/by-id/usb-FTDI_FT232R_A10XYZ-if00-port0', 'free'],
    ['dev/ttyACM0', 'free'],
    ['dev/ttyAMA0', 'free'],
    ['dev/ttyAMA10', 'free'],
    ['dev/ttyS1', 'free'],
    ['dev/ttyUSB10', 'free'],
  ]);
  const profile = { model: 'x', chips: [{ label: 'c', lines: [] }], onRelease: 'input', serial: machinePorts(machine.roots) };
  expect(BoardProfile.parse(profile)).toEqual(profile);
});

test.each([
  ['given at boot', { 'proc/cmdline': 'root=/dev/mmcblk0p2 console=ttyAMA0,115200 console=tty1 quiet\n' }, {}],
  ['given at boot by its other name', { 'proc/cmdline': 'console=serial0,115200' }, { 'dev/serial0': 'ttyAMA0' }],
  ['chosen by the kernel', { 'proc/cmdline': 'quiet', 'sys/class/tty/console/active': 'tty0 ttyAMA0\n' }, {}],
])('a console %s is reserved, under each of its names', async (_, files, links) => {
  using machine = makeMachine({ 'dev/ttyAMA0': '', 'dev/ttyAMA1': '', ...files }, links);
  expect(machine.shown()).toEqual([['dev/ttyAMA0', 'console of the system'], ['dev/ttyAMA1', 'free']]);
  const profile: BoardProfile = { model: 'x', chips: [], onRelease: 'input', serial: machinePorts(machine.roots) };
  symlinkSync('ttyAMA0', join(machine.roots.dev, 'other-name'));
  const opening = machineSerial({ clock: systemClock, profile, gone: never })({ path: join(machine.roots.dev, 'other-name'), settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'x', onData: () => {}, onGone: () => {} }, never);
  await expect(opening).rejects.toMatchObject({ code: 'port-reserved', message: expect.stringMatching(/console/) });
});

test('a machine without ports has none', () => {
  using machine = makeMachine({});
  expect(machine.shown()).toEqual([]);
});
