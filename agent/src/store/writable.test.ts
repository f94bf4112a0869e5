import { expect, test } from 'vitest';
import { Fault } from '@pier/shared/core';
import { openStore } from './index.ts';
import { storageFault, writable, written } from './writable.ts';

const errno = (code: string): Error => Object.assign(new Error(`${code}: something, open '/x/y'`), { code });

test.each([
  ['EACCES', /cannot write to \/var\/lib\/pier: permission denied/],
  ['EPERM', /cannot write to \/var\/lib\/pier: permission denied/],
  ['EROFS', /cannot write to \/var\/lib\/pier: it is on a read-only file system/],
])('%s is told as a fault of the storage that names the place', (code, message) => {
  expect(storageFault('/var/lib/pier', errno(code))).toMatchObject({ code: 'storage-failed', message: expect.stringMatching(message) });
});

test('other failures keep their own code', () => {
  expect(storageFault('/x', errno('ENOSPC'))).toMatchObject({ code: 'disk-full' });
  expect(storageFault('/x', new Fault('conflict', 'taken'))).toMatchObject({ code: 'conflict', message: 'taken' });
  expect(storageFault('/x', errno('constructor'))).toMatchObject({ code: 'internal' });
});

test('what writes is run, and its failure told so, with and without a promise', async () => {
  expect(writable('/x', () => 1)).toBe(1);
  expect(await written('/x', async () => 2)).toBe(2);
  const fail = (): never => {
    throw errno('EACCES');
  };
  expect(() => writable('/x', fail)).toThrow(expect.objectContaining({ code: 'storage-failed' }));
  await expect(written('/x', async () => fail())).rejects.toMatchObject({ code: 'storage-failed' });
});

test('a device\u2019s folder where nobody may make one is named', async () => {
  await expect(openStore('/sys/pier-agent')).rejects.toMatchObject({ code: 'storage-failed', message: expect.stringContaining('/sys/pier-agent') });
});
