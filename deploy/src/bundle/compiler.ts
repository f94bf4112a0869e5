import { spawnSync } from 'node:child_process';
import { Fault } from '@pier/shared/core';

export type Compiler = { readonly program: string; readonly debian: string };
/** `say` takes a line for whoever waits for the build. */
export type Provision = { readonly installTools: boolean; readonly say: (line: string) => void };

/**
 * The compilers' own words for their versions. What is missing is installed only where `installTools` asks for it, by root on a
 * Debian: a build does not change the machine of somebody who did not say so. Faults: `platform-unsupported`, naming all that is missing.
 */
export function provideCompilers(compilers: readonly Compiler[], { installTools, say }: Provision): readonly string[] {
  const missing = compilers.filter(({ program }) => versionOf(program) === undefined);
  if (missing.length > 0 && installTools && isRoot()) install(missing.map(({ debian }) => debian), say);
  return compilers.map(({ program }) => {
    const version = versionOf(program);
    if (version === undefined) throw new Fault('platform-unsupported', sentence(missing));
    return version;
  });
}

const isRoot = (): boolean => process.getuid?.() === 0;
const wish = ['install', '-y', '--no-install-recommends'] as const;

function sentence(missing: readonly Compiler[]): string {
  const line = ['apt-get', ...wish, ...missing.map(({ debian }) => debian)].join(' ');
  const way = isRoot() ? `"${line}" brings what is missing, and --install-tools lets this command run that` : `"sudo ${line}" brings what is missing`;
  return `the native parts need ${missing.map(({ program }) => program).join(' and ')}: ${way}`;
}

function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

const lastLines = 8;

function install(wanted: readonly string[], say: Provision['say']): void {
  say(`installing the Debian package${wanted.length > 1 ? 's' : ''} ${wanted.join(' ')}`);
  // Somebody else may be installing at the same time: apt waits for its lock.
  const apt = (...words: string[]): { readonly status: number | null; readonly said: string } => {
    const { status, stdout, stderr, error } = spawnSync('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000, maxBuffer: 2 ** 26 });
    return { status, said: error?.message ?? `${stdout}${stderr}` };
  };
  if (apt(...wish, ...wanted).status === 0) return;
  const update = apt('update');
  const last = update.status === 0 ? apt(...wish, ...wanted) : update;
  if (last.status === 0) return;
  throw new Fault('platform-unsupported', `apt-get could not install ${wanted.join(' ')}; its last lines:\n${last.said.trim().split('\n').slice(-lastLines).join('\n')}`);
}
