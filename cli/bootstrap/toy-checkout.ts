import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@pier/shared/core';

const bootstrap = import.meta.dirname;
const repo = join(bootstrap, '..', '..');

type Ended = { readonly status: number | null; readonly signal: NodeJS.Signals | null; readonly stdout: string; readonly stderr: string };
type Running = { readonly child: ChildProcess; readonly ended: Promise<Ended>; readonly printed: (text: string) => Promise<void>; readonly output: () => string };
type Start = { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly detached?: boolean };

export type ToyCheckout = AsyncDisposable & {
  /** Every process that works in this checkout, by its folder. */
  readonly commands: () => readonly { readonly pid: number; readonly line: string }[];
  readonly root: string;
  readonly write: (path: string, text: string) => Promise<void>;
  /** Makes the lockfile ask for packages, so that set-up has to go to the registry. */
  readonly require: (packages: Readonly<Record<string, string>>) => Promise<void>;
  readonly start: (command: string, args: readonly string[], options?: Start) => Running;
  readonly run: (target: string, args?: readonly string[], options?: Start) => Running;
};

/** The real bootstrap in a temporary checkout of its own, with a lockfile of no packages: its set-up needs no network. */
export async function makeToyCheckout(name = 'a toy cöpy'): Promise<ToyCheckout> {
  const holder = await mkdtemp(join(tmpdir(), 'pier-bootstrap-'));
  const root = join(holder, name);
  const files = (await readdir(bootstrap)).filter((file) => /\.[mc]js$/.test(file)).map((file) => join('cli', 'bootstrap', file));
  for (const file of [...files, 'pier', '.npmrc']) await cp(join(repo, file), join(root, file), { recursive: true });
  const running: ChildProcess[] = [];
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const require = async (packages: Readonly<Record<string, string>>): Promise<void> => {
    const manifest = { name: 'toy', version: '1.0.0', private: true, dependencies: packages };
    const scripts = { start: 'node cli/bootstrap/run.mjs target.ts' };
    const locked = Object.entries(packages).map(([key, version]) => [`node_modules/${key}`, { version, integrity: `sha512-${'A'.repeat(86)}==` }]);
    await write('package.json', JSON.stringify({ ...manifest, type: 'module', scripts }));
    await write('package-lock.json', JSON.stringify({ name: 'toy', version: '1.0.0', lockfileVersion: 3, requires: true, packages: { '': manifest, ...Object.fromEntries(locked) } }));
  };
  const start = (command: string, args: readonly string[], options: Start = {}): Running => {
    const child = spawn(command, [...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options, env: { ...cleanEnvironment(), ...options.env } });
    running.push(child);
    return watch(child);
  };
  await require({});
  return {
    root, write, require, start,
    commands: () => commandsIn(root),
    run: (target, args = [], options = {}) => start(process.execPath, [join(root, 'cli/bootstrap/run.mjs'), target, ...args], options),
    [Symbol.asyncDispose]: async () => {
      for (const child of running) child.kill('SIGKILL');
      await rm(holder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function commandsIn(folder: string): { pid: number; line: string }[] {
  const found: { pid: number; line: string }[] = [];
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) === folder) found.push({ pid, line: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') });
    } catch {
      continue; // ended meanwhile, or another user's
    }
  }
  return found;
}

/** The tests may run below npm and vitest: what those set must not reach the commands under test. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_|PIER_|FORCE_COLOR)/.test(name));
  return { ...Object.fromEntries(kept), PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
}

function watch(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => { stdout += chunk; });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => { stderr += chunk; });
  const ended = once(child, 'close').then(() => ({ status: child.exitCode, signal: child.signalCode, stdout, stderr }));
  const printed = async (text: string): Promise<void> => {
    await until(() => `${stdout}${stderr}`.includes(text), () => `"${text}" in: ${stdout}${stderr}`);
  };
  return { child, ended, printed, output: () => `${stdout}${stderr}` };
}

/** Looks again every 50 ms until it holds; throws what was waited for after 50 s. */
export async function until(holds: () => boolean, what: () => string): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (holds()) return;
    await systemClock.sleep(50);
  }
  throw new Error(`waited in vain for ${what()}`);
}

/** True while a process with this id is there and more than a zombie that its new parent has yet to bury. */
export function isRunning(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.charAt(text.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false; // gone
  }
}

/** One of the bootstrap's plain modules, with the part of its type that a test uses. */
export async function load<Module>(file: string): Promise<Module> {
  const module: Module = await import(pathToFileURL(join(bootstrap, file)).href);
  return module;
}
