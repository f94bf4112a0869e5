import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noSmallDisk, openSmallDisk } from '../../../../../test/support/small-disk.ts';
import { FileDescriptor, right } from './descriptor.ts';
import { errno } from './errno.ts';
import { Pace } from './pace.ts';
import { Volume } from './volume.ts';

test('a guest that writes into its folder on a full disk is told that there is no room, keeps what it had, and goes on when there is', (context) => {
  const why = noSmallDisk();
  if (why !== undefined) context.skip(why);
  using disk = openSmallDisk(1);
  const root = join(disk.folder, 'data');
  mkdirSync(root);
  const volume = new Volume(root, 16 << 20, new Pace(16 << 20, { nowNs: () => 0n, pause: () => {} }));
  const file = new FileDescriptor(volume, volume.openFile(['journal'], { create: true, empty: false }), { rights: right.all, flags: 0 });
  const page = new Uint8Array(64 << 10).fill(7);
  const left = volume.leftBytes;
  expect(file.write([page])).toBe(page.byteLength);
  file.sync();
  disk.fill();
  expect(() => file.write([page])).toThrow(expect.objectContaining({ errno: errno.nospc }));
  expect(volume.leftBytes).toBe(left - page.byteLength);
  // A file that is emptied keeps its old content until the new one is on disk; there is no room for that.
  expect(() => {
    file.resize(0n, 'set');
    file.write([page]);
    file.sync();
  }).toThrow(expect.objectContaining({ errno: errno.nospc }));
  expect(readFileSync(join(root, 'journal')).byteLength).toBe(page.byteLength);
  disk.free();
  expect(file.write([page, page])).toBe(2 * page.byteLength);
  file.close();
});
