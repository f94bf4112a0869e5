import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { safeConfig, startConfig } from './config.ts';
import { runConfig } from './run-config.ts';

const full = ['--data', '/d', '--manager', 'https://m:1', '--board', 'sim:/b'];

test('start takes its options', () => {
  expect(startConfig([...full, '--token', 't', '--name', 'n', '--mirror', 'http://127.0.0.1:9', '--ready', 'json'], {})).toEqual({
    folder: '/d', manager: 'https://m:1', board: 'sim:/b', reserve: [], token: 't', name: 'n', mirror: 'http://127.0.0.1:9', ready: true,
  });
});

test('each option is also a variable, and the option wins', () => {
  const environment = { PIER_DATA: '/e', PIER_MANAGER: 'https://e:1', PIER_BOARD: 'sim:/e', PIER_TOKEN: 'e' };
  expect(startConfig(['--token', 't'], environment)).toMatchObject({ folder: '/e', manager: 'https://e:1', board: 'sim:/e', token: 't', mirror: undefined, ready: false });
});

test('a token may lie in a file, its line end cut off', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pier-config-'));
  writeFileSync(join(folder, 'token'), 'pier1.abc\n');
  expect(startConfig([...full, '--token-file', join(folder, 'token')], {})).toMatchObject({ token: 'pier1.abc', tokenFile: join(folder, 'token') });
  expect(startConfig([...full, '--token', 't', '--token-file', join(folder, 'token')], {})).toMatchObject({ token: 't', tokenFile: undefined });
  rmSync(folder, { recursive: true });
});

test('everything that is wrong is said at once', () => {
  const wrong = () => startConfig(['--manager', 'http://m', '--board', 'usb', '--token-file', '/nowhere/token', '--ready', 'yes', '--reserve', 'pinctrl-rp1'], {});
  expect(wrong).toThrow(expect.objectContaining({ code: 'input-invalid' }));
  for (const part of [/--data is needed/, /--manager is https/, /--board is auto, chardev, sysfs or sim:DIR/, /\/nowhere\/token cannot be read/, /--ready takes "json"/, /--reserve is CHIP:LINE/]) expect(wrong).toThrow(part);
});

test('without a word about the board the agent looks for one', () => {
  expect(startConfig(['--data', '/d', '--manager', 'https://m:1'], {})).toMatchObject({ board: 'auto', reserve: [] });
  expect(safeConfig(['--data', '/d'], {})).toEqual({ folder: '/d', board: 'auto', reserve: [] });
  expect(safeConfig(['--data', '/d'], { PIER_RESERVE: 'gpiochip0:4,nonsense' }).reserve).toEqual([{ chip: 'gpiochip0', line: 4 }]);
  for (const board of ['chardev', 'sysfs', 'sim:/x']) expect(startConfig(['--data', '/d', '--manager', 'https://m:1', '--board', board], {}).board).toBe(board);
});

test('lines that no app may have are named by chip and offset, whatever a label holds', () => {
  const { reserve } = startConfig([...full, '--reserve', 'pinctrl-rp1:14,pinctrl-rp1:15,odd:label@1:0'], {});
  expect(reserve).toEqual([{ chip: 'pinctrl-rp1', line: 14 }, { chip: 'pinctrl-rp1', line: 15 }, { chip: 'odd:label@1', line: 0 }]);
  for (const wrong of [':3', 'chip:', 'chip:-1', 'chip:2000', 'chip:1x']) expect(() => startConfig([...full, '--reserve', wrong], {})).toThrow(/--reserve/);
});

test('an unknown option is an error', () => {
  expect(() => startConfig([...full, '--verbose'], {})).toThrow(expect.objectContaining({ code: 'input-invalid' }));
});

test('run takes a file, and passes what follows "--" to the guest', () => {
  expect(runConfig(['a.wasm', '--env', 'A=1', '--env', 'B=x=y', '--memory', '64', '--timeout', '2.5', '--', '--env', 'C=3'])).toEqual({
    file: 'a.wasm', board: undefined, grantFile: undefined, env: { A: '1', B: 'x=y' }, memoryMb: 64, timeoutS: 2.5, args: ['--env', 'C=3'],
  });
});

test.each([
  ['no file', []],
  ['two files', ['a.wasm', 'b.wasm']],
  ['a variable without a value', ['a.wasm', '--env', 'A']],
  ['memory that is no number', ['a.wasm', '--memory', 'much']],
  ['memory beyond the ceiling', ['a.wasm', '--memory', '100000']],
  ['a board that is none', ['a.wasm', '--board', 'x']],
])('run refuses %s', (_name, argv) => {
  expect(() => runConfig(argv)).toThrow(expect.objectContaining({ code: 'input-invalid' }));
});
