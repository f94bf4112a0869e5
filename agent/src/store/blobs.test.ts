import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '@pier/shared/digest';
import { watchSyncs } from '../../../test/support/syncs.ts';
import { openBlobs } from './blobs.ts';

const signal = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-blobs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function* chunks(...parts: string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}
const want = (text: string) => ({ digest: digestOf(text), sizeBytes: Buffer.byteLength(text) });
const pathOf = (text: string): string => join(folder, digestOf(text).replace(':', '-'));

describe('taking a blob in', () => {
  test('bytes that come in pieces are kept under their digest and come back the same', async () => {
    const blobs = await openBlobs(folder);
    await blobs.ingest(want('hello world'), chunks('hello', ' world'), signal);
    expect(Buffer.from(await blobs.read(digestOf('hello world'))).toString()).toBe('hello world');
    expect(await blobs.has(want('hello world'))).toBe(true);
  });

  test.each([
    ['one flipped byte', chunks('hello', ' worle'), /the bytes that came have sha256:/],
    ['a body that ends early', chunks('hello'), /ended after 5 of 11 bytes/],
    ['a body that does not end where it should', chunks('hello world', '!'), /longer than the 11 bytes/],
    ['nothing at all', chunks(), /ended after 0 of 11 bytes/],
  ])('%s is a digest-mismatch and leaves nothing behind', async (_name, source, message) => {
    const blobs = await openBlobs(folder);
    const error: unknown = await blobs.ingest(want('hello world'), source, signal).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'digest-mismatch', message: expect.stringMatching(message) });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('returns when bytes and name are on disk: first the file, then the folder', async () => {
    const blobs = await openBlobs(folder);
    using syncs = await watchSyncs(folder);
    await blobs.put(Buffer.from('hello world'));
    expect(syncs.seen).toEqual([expect.stringMatching(/^\.partial-/), '.']);
  });

  test('a source that breaks leaves nothing behind', async () => {
    const blobs = await openBlobs(folder);
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from('hello');
      throw Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
    };
    await expect(blobs.ingest(want('hello world'), broken(), signal)).rejects.toMatchObject({ code: 'unreachable' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('an abort in the middle leaves nothing behind', async () => {
    const blobs = await openBlobs(folder);
    const controller = new AbortController();
    const source = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from('hello');
      controller.abort();
      yield Buffer.from(' world');
    };
    await expect(blobs.ingest(want('hello world'), source(), controller.signal)).rejects.toMatchObject({ code: 'timed-out' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a full disk is said to be one', async () => {
    const blobs = await openBlobs(folder);
    const full = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from('hello');
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    };
    await expect(blobs.ingest(want('hello world'), full(), signal)).rejects.toMatchObject({ code: 'disk-full' });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('reading a blob', () => {
  test('a file that was torn is removed and faulted, so that it is fetched again', async () => {
    const blobs = await openBlobs(folder);
    await blobs.put(Buffer.from('hello world'));
    truncateSync(pathOf('hello world'), 5);
    expect(await blobs.has(want('hello world'))).toBe(false);
    await expect(blobs.read(digestOf('hello world'))).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(readdirSync(folder)).toEqual([]);
    await expect(blobs.read(digestOf('hello world'))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a byte that the disk changed is seen, though the size is right', async () => {
    const blobs = await openBlobs(folder);
    await blobs.put(Buffer.from('hello world'));
    writeFileSync(pathOf('hello world'), 'hello worle');
    await expect(blobs.read(digestOf('hello world'))).rejects.toMatchObject({ code: 'digest-mismatch', message: expect.stringContaining('has changed on disk') });
  });

  test('what cannot be read at all is a fault of the storage', async () => {
    const blobs = await openBlobs(folder);
    symlinkSync(folder, pathOf('a folder'));
    await expect(blobs.read(digestOf('a folder'))).rejects.toMatchObject({ code: 'storage-failed' });
  });
});

test('what an earlier process left half-written is removed at start, whole blobs stay', async () => {
  await (await openBlobs(folder)).put(Buffer.from('kept'));
  writeFileSync(join(folder, '.partial-0000'), 'half');
  const blobs = await openBlobs(folder);
  expect(readdirSync(folder)).toEqual([digestOf('kept').replace(':', '-')]);
  expect(Buffer.from(await blobs.read(digestOf('kept'))).toString()).toBe('kept');
});

test('pruning removes all that nobody needs and nothing else', async () => {
  const blobs = await openBlobs(folder);
  for (const text of ['current', 'last good', 'old', 'older']) await blobs.put(Buffer.from(text));
  expect(await blobs.prune(new Set([digestOf('current'), digestOf('last good')]))).toBe(2);
  expect(readdirSync(folder).toSorted()).toEqual([digestOf('current'), digestOf('last good')].map((digest) => digest.replace(':', '-')).toSorted());
});
