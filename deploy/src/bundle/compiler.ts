import { spawnSync } from 'node:child_process';
import { Fault } from '@pier/shared/core';

export type Compiler = { readonly program: string; readonly debian: string };

/** The compiler's own words for its version; it is installed where it is missing, by root on a Debian. Faults: `platform-unsupported`. */
export function provideCompiler({ program, debian }: Compiler): string {
  const version = versionOf(program) ?? (install(debian) ? versionOf(program) : undefined);
  if (version === undefined) throw new Fault('platform-unsupported', `${program} is needed for the native parts and not here: "apt-get install ${debian}" brings it`);
  return version;
}

function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

function install(wanted: string): boolean {
  if (process.getuid?.() !== 0) return false;
  process.stderr.write(`build:agent: installing the Debian package ${wanted}\n`);
  // Somebody else may be installing at the same time: apt waits for its lock.
  const apt = (...words: string[]): boolean => spawnSync('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', ...words], { stdio: 'ignore', timeout: 300_000 }).status === 0;
  const wish = ['install', '-y', '--no-install-recommends', wanted];
  return apt(...wish) || (apt('update') && apt(...wish));
}
