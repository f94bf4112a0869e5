import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pushApp } from './index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-push-'));
  writeFileSync(join(dir, 'pier.json'), JSON.stringify({ app: 'lamp', version: '1.0.1', counter: 2, entry: 'assembly/index.ts', asks: {}, limits: {} }));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Port 9 takes nobody: a push that gets so far ends with `unreachable`. */
const push = () => pushApp({ dir, reference: '127.0.0.1:9/apps/lamp' });

test('an app that was not built is not pushed, and the next step is named', async () => {
  await expect(push()).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('pier app build') });
});

test('a module that is older than its source is not pushed under the new version', async () => {
  mkdirSync(join(dir, 'dist'));
  writeFileSync(join(dir, 'dist', 'lamp.wasm'), 'old');
  utimesSync(join(dir, 'dist', 'lamp.wasm'), 1, 1);
  await expect(push()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('pier.json is newer') });
});

test('a module that is newer than all else goes on to the registry', async () => {
  mkdirSync(join(dir, 'dist'));
  writeFileSync(join(dir, 'dist', 'lamp.wasm'), 'new');
  utimesSync(join(dir, 'pier.json'), 1, 1);
  await expect(push()).rejects.toMatchObject({ code: 'unreachable' });
});
