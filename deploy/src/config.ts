import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Fault } from '@pier/shared/core';

export type BuildConfig = {
  /** Folder of the bundle; undefined for the one below .pier/build that has the version in its name. */
  readonly out: string | undefined;
  readonly tar: string | undefined;
  /** Time stamp of every file, in seconds: https://reproducible-builds.org/specs/source-date-epoch/ */
  readonly sourceDateS: number;
  /** Whether missing compilers may be installed into this machine: the word was given, or the machine is one of CI. */
  readonly installTools: boolean;
};

export type PackagesConfig = Pick<BuildConfig, 'out' | 'sourceDateS' | 'installTools'>;

const usage = 'usage: npm run build:agent [-- [--out DIR] [--tar FILE] [--install-tools]]';

/** Faults: `input-invalid`. */
export function buildConfig(argv: readonly string[], environment: Readonly<Record<string, string | undefined>> = process.env): BuildConfig {
  const sourceDateS = sourceDateOf(environment);
  try {
    const { values } = parseArgs({ args: [...argv], strict: true, options: { 'out': { type: 'string' }, 'tar': { type: 'string' }, 'install-tools': { type: 'boolean' } } });
    return { out: values.out === undefined ? undefined : resolve(values.out), tar: values.tar === undefined ? undefined : resolve(values.tar), sourceDateS, installTools: mayInstall(values['install-tools'], environment) };
  } catch (cause) {
    throw new Fault('input-invalid', `${cause instanceof Error ? cause.message : String(cause)}\n${usage}`);
  }
}

/** Faults: `input-invalid`. */
export function packagesConfig(argv: readonly string[], environment: Readonly<Record<string, string | undefined>> = process.env): PackagesConfig {
  const sourceDateS = sourceDateOf(environment);
  try {
    const { values } = parseArgs({ args: [...argv], strict: true, options: { 'out': { type: 'string' }, 'install-tools': { type: 'boolean' } } });
    return { out: values.out === undefined ? undefined : resolve(values.out), sourceDateS, installTools: mayInstall(values['install-tools'], environment) };
  } catch (cause) {
    throw new Fault('input-invalid', `${cause instanceof Error ? cause.message : String(cause)}\nusage: npm run build:packages [-- [--out DIR] [--install-tools]]`);
  }
}

const mayInstall = (given: boolean | undefined, environment: Readonly<Record<string, string | undefined>>): boolean => given === true || environment['CI'] === 'true';

function sourceDateOf(environment: Readonly<Record<string, string | undefined>>): number {
  const epoch = environment['SOURCE_DATE_EPOCH'] ?? '0';
  if (!/^\d{1,10}$/.test(epoch)) throw new Fault('input-invalid', `SOURCE_DATE_EPOCH is a number of seconds, got "${epoch}"`);
  return Number(epoch);
}
