import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

const listens = '0A';

/** The sockets that listen on these ports (proc(5), /proc/net/tcp), by their inodes: somebody else may take a port once it is free. */
function listenersOn(ports: readonly number[]): string[] {
  return ['tcp', 'tcp6'].flatMap((family) => readFileSync(`/proc/net/${family}`, 'utf8').split('\n').slice(1)).flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === listens && ports.includes(Number.parseInt(local.split(':')[1] ?? '', 16)) ? [inode] : [];
  });
}

test.each(['SIGTERM', 'SIGKILL'] as const)('a demo that is ended with %s leaves no process, no port and no socket', async (signal) => {
  using demoRun = await runningDemo();
  const { dir, child, exited, ports } = demoRun;
  expect(processesOf(dir).length).toBeGreaterThan(4);
  const listeners = listenersOn(ports);
  expect(listeners).toHaveLength(3);
  child.kill(signal);
  await exited;
  await until('no process left', () => processesOf(dir).length === 0 || undefined);
  expect(listenersOn(ports).filter((inode) => listeners.includes(inode))).toEqual([]);
  for (const { name } of cast) expect(existsSync(join(dir, 'demo', `board-${name}`, 'board.sock'))).toBe(false);
});
