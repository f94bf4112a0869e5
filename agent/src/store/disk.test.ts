import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type SmallDisk, noSmallDisk, openSmallDisk } from '../../../test/support/small-disk.ts';
import { openBlobs } from './blobs.ts';
import { openDisk } from './disk.ts';
import { type Store, openStore } from './index.ts';

const signal = new AbortController().signal;
const why = noSmallDisk();

const write = (store: Store, n: number): void => store.journal.put({ id: CommandId.parse(`c${n}`), cmd: 'ping', n: 1, state: 'done', result: { text: 'x'.repeat(1_000) } }, 0);
const reserveOf = ({ folder }: SmallDisk): number => statSync(join(folder, 'reserve')).size;

describe('a disk that is full', () => {
  let disk: SmallDisk;
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
    disk = openSmallDisk(10);
  });
  afterEach(() => disk[Symbol.dispose]());

  test('still takes what the database has to write, from a reserve that is given back piece by piece', async () => {
    using store = await openStore(disk.folder);
    expect(await store.disk.look()).toBe(false);
    expect(reserveOf(disk)).toBe(2 << 20);
    disk.fill();
    for (let n = 0; n < 400; n += 1) write(store, n);
    expect(store.disk.full).toMatchObject({ code: 'disk-full', reason: expect.stringContaining(disk.folder) });
    expect(reserveOf(disk)).toBeLessThan(2 << 20);
    expect(reserveOf(disk)).toBeGreaterThan(0);
    expect([await store.disk.look(), await store.disk.look()]).toEqual([true, false]);
    disk.free();
    expect([await store.disk.look(), store.disk.full, reserveOf(disk)]).toEqual([true, undefined, 2 << 20]);
  });

  test('with nothing in reserve says so, loses nothing that it had taken, and takes again when there is room', async () => {
    using store = await openStore(disk.folder);
    let written = 0;
    disk.fill();
    expect(() => {
      for (;;) {
        write(store, written);
        written += 1;
      }
    }).toThrow(expect.objectContaining({ code: 'disk-full', message: expect.stringContaining('state.db') }));
    for (let n = 0; n < Math.min(written, 200); n += 1) expect(store.journal.get(CommandId.parse(`c${written - 1 - n}`))).toMatchObject({ state: 'done' });
    expect(store.journal.get(CommandId.parse(`c${written}`))).toBeUndefined();
    disk.free();
    write(store, written);
    expect(store.journal.get(CommandId.parse(`c${written}`))).toMatchObject({ state: 'done' });
    expect([await store.disk.look(), store.disk.full]).toEqual([false, undefined]);
  });

  test('lets a device start all the same, as often as its power goes', async () => {
    {
      using store = await openStore(disk.folder);
      await store.disk.look();
    }
    for (let start = 2; start < 8; start += 1) {
      disk.fill();
      using store = await openStore(disk.folder);
      expect(store.boot).toBe(start);
      write(store, start);
    }
  });

  test('is known without a write, and one that is nearly full', async () => {
    using store = await openStore(disk.folder);
    await store.disk.look();
    disk.fill(32 << 10);
    expect([await store.disk.look(), store.disk.full?.code]).toEqual([true, 'disk-full']);
  });

  test('takes no part of a blob, nor is one asked for that cannot fit', async () => {
    const blobs = await openBlobs(join(disk.folder, 'blobs'), { disk: openDisk(disk.folder) });
    let asked = 0;
    const source = async function* (): AsyncIterable<Uint8Array> {
      for (let n = 0; n < 16; n += 1) {
        asked += 1;
        if (n === 2) disk.fill();
        yield Buffer.alloc(1 << 20, n);
      }
    };
    const wanted = (sizeBytes: number) => ({ digest: digestOf('whatever'), sizeBytes });
    await expect(blobs.ingest(wanted(16 << 20), source(), signal)).rejects.toMatchObject({ code: 'disk-full', message: expect.stringMatching(/are free in/) });
    expect(asked).toBe(0);
    await expect(blobs.ingest(wanted(8 << 20), source(), signal)).rejects.toMatchObject({ code: 'disk-full' });
    expect(asked).toBeGreaterThan(1);
    expect(existsSync(join(disk.folder, 'blobs', digestOf('whatever').replace(':', '-')))).toBe(false);
    disk.free();
    expect(disk.freeBytes()).toBeGreaterThan(9 << 20);
  });
});

test('all blobs together stay within their quota, whatever the disk could hold', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pier-quota-'));
  try {
    const blobs = await openBlobs(folder, { quotaBytes: 1_000 });
    await blobs.put(Buffer.alloc(600, 1));
    await expect(blobs.put(Buffer.alloc(401, 2))).rejects.toMatchObject({ code: 'disk-full', message: expect.stringContaining('1000 bytes') });
    await blobs.put(Buffer.alloc(400, 3));
    await blobs.prune(new Set());
    await blobs.put(Buffer.alloc(401, 2));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
