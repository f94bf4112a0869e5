import { expect, test } from 'vitest';
import { silentLog, systemClock } from '@pier/shared/core';
import { healthHandlers, watchDisk } from './index.ts';

const well = { database: () => undefined, broker: () => undefined, listener: async () => undefined, disk: () => undefined };

test('a manager that has all it needs is alive and ready', async () => {
  const { health, ready } = healthHandlers(well);
  expect(await health()).toEqual({ ok: true, database: true, broker: true });
  expect(await ready()).toEqual({ ready: true });
});

test('what is wrong is named, by the living as by the one that is not ready', async () => {
  const { health, ready } = healthHandlers({ ...well, database: async () => 'no answer', disk: () => '3 MB left' });
  expect(await health()).toEqual({ ok: false, database: false, broker: true, reasons: { database: 'no answer', disk: '3 MB left' } });
  await expect(ready()).rejects.toMatchObject({ code: 'not-ready', status: 503, message: 'database: no answer; disk: 3 MB left' });
});

test('the disk is short below its reserve, and not at it', () => {
  const told: string[] = [];
  let freeMb = 64;
  const log = { ...silentLog, error: (_: object, event: string) => void told.push(event), info: (_: object, event: string) => void told.push(event) };
  using disk = watchDisk({ dir: '/', reserveMb: 64, clock: systemClock, log, freeBytes: () => freeMb * 2 ** 20 });
  expect(disk.shortage()).toBeUndefined();
  freeMb = 63.9;
  expect(disk.shortage()).toMatchObject({ code: 'disk-low', message: expect.stringContaining('63 MB') });
  disk.shortage();
  freeMb = 64;
  expect(disk.shortage()).toBeUndefined();
  expect(told).toEqual(['disk.low', 'disk.well']);
});

test('a disk that cannot be asked is told of, and ends nothing', () => {
  const told: string[] = [];
  let beat = (): void => {};
  const every = (_ms: number, act: () => void): Disposable => {
    beat = act;
    return { [Symbol.dispose]: () => {} };
  };
  const freeBytes = (): never => {
    throw new Error('EIO');
  };
  using _disk = watchDisk({ dir: '/', reserveMb: 64, clock: { ...systemClock, every }, log: { ...silentLog, error: (_: object, event: string) => void told.push(event) }, freeBytes });
  beat();
  expect(told).toEqual(['disk.silent']);
});

test('a real disk has a size', () => {
  using disk = watchDisk({ dir: import.meta.dirname, reserveMb: 1e12, clock: systemClock, log: silentLog });
  expect(disk.shortage()).toMatchObject({ code: 'disk-low' });
});
