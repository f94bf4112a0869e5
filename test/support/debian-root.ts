/** A Debian in a folder: a fresh one for each test, entered as a person would stand before it, and gone after it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
