import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileDescriptor, right } from './descriptor.ts';
import { Pace } from './pace.ts';
import { Volume } from './volume.ts';

const quota = 1 << 20;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pier-pace-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A volume whose waits pass at once, on a clock that they alone move. */
function open() {
  const time = { ns: 0n };
  const pace = new Pace(quota, { nowNs: () => time.ns, pause: (ms) => void (time.ns += BigInt(Math.ceil(ms * 1e6))) });
  const volume = new Volume(root, quota, pace);
  const file = () => new FileDescriptor(volume, volume.openFile(['x'], { create: true, empty: false }), { rights: right.all, flags: 0 });
  return { volume, file, waitedS: () => Number(time.ns) / 1e9 };
}

test('a guest that overwrites its quota again and again waits for the rate, and no byte is lost', () => {
  const { file, waitedS } = open();
  const x = file();
  const part = new Uint8Array(64 << 10);
  for (let n = 0; n < 66 * 16; n += 1) expect(x.write([part], BigInt(n % 16) * BigInt(part.byteLength))).toBe(part.byteLength);
  x.close();
  expect(statSync(join(root, 'x')).size).toBe(quota);
  // 66 MiB, 4 of them saved up, at 1 MiB/s.
  expect(waitedS()).toBeGreaterThan(60);
  expect(waitedS()).toBeLessThan(65);
});

test('what an app that writes now and then does costs no wait', () => {
  const { file, waitedS } = open();
  for (let n = 0; n < 20; n += 1) {
    const x = file();
    x.write([new Uint8Array(4_096)], 0n);
    x.close();
  }
  expect(waitedS()).toBe(0);
});

test.each<[string, (on: ReturnType<typeof open>) => void]>([
  ['a file that is changed', ({ file }) => {
    const x = file();
    x.write([new Uint8Array(1)], 0n);
    x.sync();
    x.close();
  }],
  ['a folder that is made and removed', ({ volume }) => {
    volume.makeFolder(['d']);
    volume.remove(['d'], 'folder');
  }],
])('syncs of %s have a rate', (_what, act) => {
  const on = open();
  for (let n = 0; n < 240; n += 1) act(on);
  // At least 240 syncs, 40 of them saved up, at 20 a second.
  expect(on.waitedS()).toBeGreaterThan(9);
});
