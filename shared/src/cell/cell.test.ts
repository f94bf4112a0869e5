import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { CellError, loadIoctl, openCellValue } from './index.ts';

const now = (): bigint => 0n;

function makeValueFile(text: string, flags: string) {
  const dir = mkdtempSync(join(tmpdir(), 'pier-cell-'));
  const path = join(dir, 'value');
  writeFileSync(path, text);
  const valueFd = openSync(path, flags);
  const dispose = (): void => {
    closeSync(valueFd);
    rmSync(dir, { recursive: true, force: true });
  };
  return { path, value: openCellValue({ kind: 'file', valueFd }, now), [Symbol.dispose]: dispose };
}

test('a value file is read and written at its start, however often', () => {
  using file = makeValueFile('0\n', 'r+');
  expect([file.value.read(), file.value.read()]).toEqual([0, 0]);
  file.value.write(1);
  file.value.write(0);
  file.value.write(1);
  expect(readFileSync(file.path, 'utf8')).toBe('1\n');
  expect([file.value.read(), file.value.read()]).toEqual([1, 1]);
});

test('a value file that is empty or takes no write is a cell error', () => {
  using file = makeValueFile('', 'r');
  expect(() => file.value.read()).toThrow(CellError);
  expect(() => file.value.write(1)).toThrow(CellError);
});

test('an ioctl gives what it filled in, or the errno by name', () => {
  const { ioctl, nameOf } = loadIoctl();
  const dir = openSync('/dev/null', 'r');
  // TCGETS on what is no terminal (ioctl_tty(2)).
  expect(nameOf(ioctl(dir, 0x5401, new Uint8Array(64)))).toBe('ENOTTY');
  closeSync(dir);
  expect(nameOf(ioctl(-1, 0x5401, new Uint8Array(64)))).toBe('EBADF');
  expect(nameOf(100_000)).toBe('errno 100000');
});

test('a line that is no line is a cell error that names what the system said', () => {
  const lineFd = openSync('/dev/null', 'r');
  const value = openCellValue({ kind: 'ioctl', lineFd }, now);
  expect(() => value.read()).toThrow(expect.objectContaining({ name: 'Error', message: expect.stringMatching(/board.*ENOTTY/) }));
  expect(() => value.write(1)).toThrow(CellError);
  closeSync(lineFd);
});

test('the ioctl of a cell works in threads that come and go', async () => {
  const source = `import { loadIoctl } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}; import { parentPort } from 'node:worker_threads'; const { ioctl, nameOf } = loadIoctl(); parentPort.postMessage(nameOf(ioctl(-1, 0x5401, new Uint8Array(64))));`;
  for (let n = 0; n < 3; n += 1) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    expect(await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))).toBe('EBADF');
    await worker.terminate();
  }
});
