import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { FuseFiles } from './fuse-files.ts';
import { opcodes } from './fuse-wire.ts';
import { numberOf } from './gpio-line.ts';
import { Errno, type FileNode, type FolderNode, type Node } from './node.ts';

const words = (...values: readonly bigint[]): Buffer => Buffer.concat(values.map((value) => Buffer.from(BigUint64Array.of(value).buffer)));
const named = (name: string): Buffer => Buffer.from(`${name}\0`);

/** A tree with a value that changes, and many folders. */
function makeFiles() {
  const state = { value: '0', events: 0 };
  const value: FileNode = { kind: 'file', mode: 0o644, read: () => `${state.value}\n`, write: (text) => void (state.value = text), events: () => state.events };
  const folders = Array.from({ length: 40 }, (_, index): [string, Node] => [`gpio${index}`, { kind: 'folder', mode: 0o755, entries: () => new Map() }]);
  const root: FolderNode = { kind: 'folder', mode: 0o755, entries: () => new Map<string, Node>([['value', value], ...folders]) };
  const files = new FuseFiles(root);
  const ask = (opcode: number, nodeId: bigint, body: Buffer): Buffer => files.answer({ opcode, unique: 1n, nodeId, body }) ?? Buffer.alloc(0);
  const lookup = (name: string): bigint => ask(opcodes.lookup, 1n, named(name)).readBigUInt64LE(0);
  return { state, value, files, ask, lookup };
}

const errnoOf = (act: () => unknown): number | undefined => {
  try {
    act();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Errno) return thrown.errno;
    throw thrown;
  }
};

test('a folder is listed in as many pieces as its reader has room for, each name once', () => {
  const { ask } = makeFiles();
  const names: string[] = [];
  for (let offset = 0n, size = 1; size > 0; ) {
    const piece = ask(opcodes.readdir, 1n, words(0n, offset, 100n));
    size = piece.length;
    for (let at = 0; at < piece.length; at += (24 + piece.readUInt32LE(at + 16) + 7) & ~7) {
      names.push(piece.toString('utf8', at + 24, at + 24 + piece.readUInt32LE(at + 16)));
      offset = piece.readBigUInt64LE(at + 8);
    }
  }
  expect(names).toEqual(['.', '..', 'value', ...Array.from({ length: 40 }, (_, index) => `gpio${index}`)]);
});

test('a poll tells of an event until the value is read by that reader, and wakes those who asked for it', () => {
  const { state, value, files, ask, lookup } = makeFiles();
  const id = lookup('value');
  const [one, other] = [ask(opcodes.open, id, words(0n)), ask(opcodes.open, id, words(0n))].map((opened) => opened.readBigUInt64LE(0));
  if (one === undefined || other === undefined) throw new Error('nothing opened');
  const poll = (handle: bigint, wake: bigint): number => ask(opcodes.poll, id, words(handle, handle + 1_000n, wake)).readUInt32LE(0) & 2;
  const read = (handle: bigint): string => ask(opcodes.read, id, words(handle, 0n, 16n)).toString();
  // Before the first read there always is one, as in sysfs.
  expect([poll(one, 0n), read(one), poll(one, 1n), poll(other, 0n)]).toEqual([2, '0\n', 0, 2]);
  state.events += 1;
  expect(files.wakes(value).map((wake) => wake.readBigUInt64LE(16))).toEqual([one + 1_000n]);
  expect([poll(one, 1n), read(one), poll(one, 1n)]).toEqual([2, '0\n', 0]);
  ask(opcodes.release, id, words(one));
  expect([files.wakes(value), errnoOf(() => read(one))]).toEqual([[], constants.errno.EBADF]);
});

test('a node that the kernel has forgotten as often as it asked for it is not kept', () => {
  const { ask, lookup } = makeFiles();
  const id = lookup('value');
  expect(lookup('value')).toBe(id);
  ask(opcodes.forget, id, words(1n));
  expect(errnoOf(() => ask(opcodes.getattr, id, words(0n)))).toBeUndefined();
  ask(opcodes.batchForget, 0n, words(1n, id, 1n));
  expect(errnoOf(() => ask(opcodes.getattr, id, words(0n)))).toBe(constants.errno.ESTALE);
  expect([errnoOf(() => lookup('none')), errnoOf(() => ask(9_999, 1n, words(0n)))]).toEqual([constants.errno.ENOENT, constants.errno.ENOSYS]);
});

test('numbers are read as the kernel reads them', () => {
  expect(['588', '588\n', '0x24c', '01114', '-1', '+7'].map(numberOf)).toEqual([588, 588, 588, 588, -1, 7]);
  for (const text of ['', ' 1', '1 ', '1\n\n', 'x', '1.5', '1e3', '\0']) expect(errnoOf(() => numberOf(text))).toBe(constants.errno.EINVAL);
});
