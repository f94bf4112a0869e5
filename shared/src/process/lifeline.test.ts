import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../core/index.ts';
import { spawnNode } from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'pier-lifeline-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const processModule = new URL('./index.ts', import.meta.url).href;
const child = join(dir, 'child.ts');
const parent = join(dir, 'parent.ts');
writeFileSync(child, `import { shutdownSignal } from '${processModule}';\nconst signal = shutdownSignal();\nsetInterval(() => {}, 1000);\nsignal.addEventListener('abort', () => process.exit(0));\nconsole.log(process.pid);\n`);
writeFileSync(parent, `import { spawnNode } from '${processModule}';\nspawnNode([${JSON.stringify(child)}], { stdio: ['ignore', 'inherit', 'inherit'] });\nsetInterval(() => {}, 1000);\n`);

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let n = 0; n < 1_000 && alive(pid); n += 1) await systemClock.sleep(50);
  return !alive(pid);
}

test('a child ends when its parent is killed with -9', async () => {
  const first = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: first.stdout }), 'line');
  const pid = Number(line);
  // It must not stay also when this test fails: it would hold the runner's pipes open.
  using cleanup = new DisposableStack();
  cleanup.defer(() => void (alive(pid) && process.kill(pid, 'SIGKILL')));
  expect(alive(pid)).toBe(true);
  first.kill('SIGKILL');
  expect(await gone(pid)).toBe(true);
});

test('disposing ends a child and waits for it, also one that ignores SIGTERM', async () => {
  const stubborn = join(dir, 'stubborn.ts');
  writeFileSync(stubborn, `process.on('SIGTERM', () => {});\nsetInterval(() => {}, 1000);\nconsole.log('up');\n`);
  const started = spawnNode([stubborn], { graceMs: 200 });
  const stdout = started.child.stdout;
  if (!stdout) throw new Error('no stdout');
  await once(createInterface({ input: stdout }), 'line');
  await started[Symbol.asyncDispose]();
  expect(await started.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a program that cannot start says so by its exit', async () => {
  await using started = spawnNode([join(dir, 'missing.ts')], { stdio: ['ignore', 'ignore', 'ignore'] });
  expect((await started.exited).code).toBe(1);
});
