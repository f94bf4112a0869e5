/** A Debian in a folder: a fresh one for each test, entered as a person would stand before it, and gone after it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { type Ran, run } from './pier.ts';

export type DebianRoot = {
  readonly dir: string;
  /** Runs a command in it, as root, to its end. */
  run(...words: readonly string[]): Promise<Ran>;
  /** Starts a command in it; the process is the command's own. */
  start(words: readonly string[]): ChildProcess;
  /** Everything that is there, with rights and owner; what is mounted is left out. */
  list(): string[];
} & Disposable;

/** With /proc, and `board` at /srv/board, in a view of the mounts that ends with the process. */
const enter = 'mount -t proc proc "$1/proc" && mount --bind "$2" "$1/srv/board" && shift 2 && exec chroot "$@"';

/** Unpacks the tar; `board` is the folder of a simulated board on this machine. */
export async function openRoot({ tar, board }: { readonly tar: string; readonly board: string }): Promise<DebianRoot> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-root-'));
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' };
  const unpacked = await run('tar', ['-xf', tar, '-C', dir], { env });
  if (unpacked.status !== 0) throw new Error(`the root could not be unpacked: ${unpacked.stderr}`);
  mkdirSync(join(dir, 'srv', 'board'));
  const words = (command: readonly string[]): string[] => ['--mount', 'sh', '-c', enter, 'sh', dir, board, dir, ...command];
  return {
    dir,
    run: (...command) => run('unshare', words(command), { env }),
    start: (command) => spawn('unshare', words(command), { env, stdio: ['ignore', 'pipe', 'pipe'] }),
    list: () => listOf(dir, ''),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

const mounted: ReadonlySet<string> = new Set(['proc', 'sys', 'dev', 'run', 'srv/board']);

function listOf(root: string, below: string): string[] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name) => {
      const path = join(below, name);
      const stat = lstatSync(join(root, path));
      const line = `${path} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;
      return [line, ...(stat.isDirectory() && !mounted.has(path) ? listOf(root, path) : [])];
    });
}

export type BootedRoot = { run(...words: readonly string[]): Promise<Ran> } & AsyncDisposable;

const bootMs = 90_000;

/** Boots the system in the folder, on this machine's network; undefined, with what it said, where a container cannot be booted. */
export async function bootRoot({ dir, board, signal }: { readonly dir: string; readonly board: string; readonly signal: AbortSignal }): Promise<BootedRoot | string> {
  const name = basename(dir).toLowerCase();
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };
  const words = ['--pdeathsig', 'KILL', 'systemd-nspawn', '--quiet', `--directory=${dir}`, `--machine=${name}`, '--register=no', '--keep-unit', '--console=read-only', `--bind=${board}:/srv/board`, '--boot'];
  const child = spawn('setpriv', words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const inside = (...command: readonly string[]): Promise<Ran> => run('nsenter', ['--target', leaderOf(child.pid), '--all', ...command], { env });
  const booted: BootedRoot = {
    run: inside,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await inside('systemctl', '--force', 'poweroff');
      await Promise.race([exited, systemClock.sleep(20_000)]);
      child.kill('SIGKILL');
      await exited;
      rmSync(join('/run/systemd/nspawn/propagate', name), { recursive: true, force: true });
    },
  };
  const endMs = systemClock.monotonicMs() + bootMs;
  while (child.exitCode === null && systemClock.monotonicMs() < endMs && !signal.aborted) {
    const state = leaderOf(child.pid) === '' ? '' : (await inside('systemctl', 'is-system-running')).stdout.trim();
    if (state === 'running' || state === 'degraded') return booted;
    await systemClock.sleep(200);
  }
  await booted[Symbol.asyncDispose]();
  return said.slice(-600) || 'it said nothing';
}

/** The first process inside; empty as long as there is none. */
function leaderOf(pid = 0): string {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').at(-1) ?? '';
  } catch {
    // It ended.
    return '';
  }
}
