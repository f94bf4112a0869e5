/** A kernel for the guest: User-Mode Linux, built of Debian's source package with the GPIO simulator in it. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = 'linux-source-6.12';
const fragment = join(import.meta.dirname, 'fragment.config');
const tools = ['gcc', 'make', 'flex', 'bison', 'bc', 'xz-utils'];

/** The kernel's path, built first where it is not kept in `cache` already: 1.3 GB of source, 10 to 20 minutes. Throws what went wrong. */
export function provideKernel(cache: string, say: (line: string) => void): string {
  const kept = join(cache, `linux-um-${createHash('sha256').update(source).update(readFileSync(fragment)).digest('hex').slice(0, 12)}`);
  if (existsSync(kept)) return kept;
  if (process.arch !== 'x64' || process.getuid?.() !== 0) throw new Error('the kernel is built on x86-64, by root on a Debian that has the package linux-source-6.12 (bookworm-security, trixie)');
  say(`building a kernel of ${source}; once, it is kept in ${cache}`);
  const dir = mkdtempSync(join(tmpdir(), 'pier-kernel-'));
  try {
    fetchSource(dir);
    build(join(dir, source), say);
    mkdirSync(cache, { recursive: true });
    copyFileSync(join(dir, source, 'linux'), `${kept}.tmp`);
    renameSync(`${kept}.tmp`, kept);
    return kept;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function fetchSource(dir: string): void {
  const apt = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  run('apt-get', ['-q', 'update'], apt);
  run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '--no-install-recommends', ...tools, 'libc6-dev'], apt);
  // Downloaded, not installed: apt checks its signature, and nothing of it stays.
  run('apt-get', ['-q', 'download', source], { cwd: dir, ...apt });
  const [deb = ''] = readdirSync(dir);
  run('sh', ['-c', `dpkg-deb --fsys-tarfile '${deb}' | tar -xO ./usr/src/${source}.tar.xz | nice -n 15 tar -xJ`], { cwd: dir });
}

function build(tree: string, say: (line: string) => void): void {
  const make = (...words: string[]): void => run('nice', ['-n', '15', 'make', '-s', 'ARCH=um', ...words], { cwd: tree });
  make('tinyconfig');
  run('sh', ['scripts/kconfig/merge_config.sh', '-m', '-O', '.', '.config', fragment], { cwd: tree });
  make('olddefconfig');
  const taken = new Set(readFileSync(join(tree, '.config'), 'utf8').split('\n'));
  const missing = readFileSync(fragment, 'utf8').split('\n').filter((line) => line.startsWith('CONFIG_') && !taken.has(line));
  if (missing.length > 0) throw new Error(`this source has no ${missing.join(', ')}`);
  say('configured; compiling');
  make('-j2', 'linux');
  run('strip', ['linux'], { cwd: tree });
}

function run(command: string, words: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv }): void {
  const ran = spawnSync(command, words, { ...options, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (ran.status !== 0) throw new Error(`${command} ${words.slice(0, 6).join(' ')} ended with ${ran.status ?? ran.signal}: ${`${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}`.trim().slice(-2_000)}`);
}
