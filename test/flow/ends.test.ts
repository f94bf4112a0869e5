import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { processesOf } from '../support/processes.ts';
import { childEnv } from '../support/stage.ts';
import { until } from '../support/world.ts';

const demo = fileURLToPath(new URL('../demo/main.ts', import.meta.url));

/** A running demo in a folder of its own, once it says that it is ready. */
async function runningDemo() {
  const dir = mkdtempSync(join(tmpdir(), 'pier-ends-'));
  const child = spawn(process.execPath, [demo, '--data', join(dir, 'demo'), '--ready', 'json'], { env: childEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const line = await Promise.race([new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve)), exited.then((code) => Promise.reject(new Error(`the demo ended with ${code}: ${said}`)))]);
  const ready = JSON.parse(line) as { http: string; mqtt: string; device: string };
  const ports = [ready.http, ready.mqtt, ready.device].map((url) => Number(new URL(url).port));
  return { dir, child, exited, ports, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test.each(['SIGTERM', 'SIGKILL'] as const)('a demo that is ended with %s leaves no process, no port and no socket', async (signal) => {
  using demoRun = await runningDemo();
  const { dir, child, exited, ports } = demoRun;
  expect(processesOf(dir).length).toBeGreaterThan(4);
  expect(await Promise.all(ports.map(answers))).toEqual([true, true, true]);
  child.kill(signal);
  await exited;
  await until('no process left', () => processesOf(dir).length === 0 || undefined, 30_000);
  expect(await Promise.all(ports.map(answers))).toEqual([false, false, false]);
  expect(existsSync(join(dir, 'demo', 'board', 'board.sock'))).toBe(false);
});
