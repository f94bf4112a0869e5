import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cast } from '../demo/cast.ts';
import { processesOf } from '../support/processes.ts';
import { childEnv } from '../support/stage.ts';
import { until } from '../support/world.ts';

const demo = fileURLToPath(new URL('../demo/main.ts', import.meta.url));

/** A demo in a folder of its own, in the middle of its story: the whole fleet is up. */
async function runningDemo() {
  const dir = mkdtempSync(join(tmpdir(), 'pier-ends-'));
  const child = spawn(process.execPath, [demo, '--data', join(dir, 'demo'), '--ready', 'json'], { env: childEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const up = new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      said += part;
      if (said.includes('six agents enrol')) resolve();
    });
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  await Promise.race([up, exited.then((code) => Promise.reject(new Error(`the demo ended with ${code}: ${said}`)))]);
  const ports = Object.values(JSON.parse(readFileSync(join(dir, 'demo', 'manager', 'ports.json'), 'utf8')) as Record<string, number>);
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
  for (const { name } of cast) expect(existsSync(join(dir, 'demo', `board-${name}`, 'board.sock'))).toBe(false);
});
