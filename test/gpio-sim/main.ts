/**
 * `npm run gpio-sim`: the Board contract on the character device and the sysfs of a real kernel, with the kernel's own GPIO simulator. The
 * kernel is an ordinary process (User-Mode Linux); its root is this file system, which it cannot write.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shutdownSignal } from '@pier/shared/process';
import { provideEpoll } from '../support/epoll.ts';
import { provideKernel } from './kernel.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const timeoutMs = 30 * 60_000;
const say = (line: string): void => void process.stdout.write(`gpio-sim: ${line}\n`);

process.exitCode = await main();

async function main(): Promise<number> {
  // Here, since the guest can't write what it compiles.
  const noAddon = await provideEpoll();
  if (noAddon !== undefined) say(`sysfs will fail: ${noAddon}`);
  const kernel = provideKernel(join(root, '.pier', 'gpio-sim'), say);
  const out = mkdtempSync(join(tmpdir(), 'pier-gpio-sim-'));
  try {
    const boot = await bootGuest(kernel, out);
    const [log, status] = ['log', 'status'].map((name) => read(join(out, name)));
    process.stdout.write(log ?? boot);
    if (status === undefined) say(`the guest ended early; its kernel said:\n${boot.slice(-3_000)}`);
    return status === undefined ? 1 : Number(status.trim());
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** What its kernel printed, once it has ended. */
async function bootGuest(kernel: string, out: string): Promise<string> {
  const init = fileURLToPath(new URL('init.sh', import.meta.url));
  const words = ['mem=1024M', 'rootfstype=hostfs', 'rootflags=/', 'ro', 'con=null', 'con0=null,fd:1', 'quiet', 'panic=-1', 'init=/bin/sh', `PIER_OUT=${out}`, `PIER_ROOT=${root}`, `PIER_NODE=${process.execPath}`, '--', init];
  const signal = AbortSignal.any([shutdownSignal(), AbortSignal.timeout(timeoutMs)]);
  // Its memory is a file, which a container's small /dev/shm might not hold.
  const guest = spawn(kernel, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: out }, detached: true });
  let printed = '';
  for (const stream of [guest.stdout, guest.stderr]) stream.on('data', (bytes: Buffer) => (printed = `${printed}${bytes.toString()}`.slice(-100_000)));
  // A process for each of the guest's: they end with their group.
  const kill = (): void => void (guest.pid !== undefined && process.kill(-guest.pid, 'SIGKILL'));
  signal.addEventListener('abort', kill, { once: true });
  await new Promise((resolve) => guest.once('close', resolve));
  signal.removeEventListener('abort', kill);
  return printed;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The guest did not come so far.
    return undefined;
  }
}
