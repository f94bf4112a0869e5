/**
 * PostgreSQL refuses to run as root, and initdb as a user without a name. Such users start it in a user namespace of its own,
 * where it is `nobody` and its files stay theirs; where the kernel forbids that, root starts it as user 65534.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Fault } from '@pier/shared/core';

export const nobodyUid = 65_534;
export type RunAs = 'self' | 'namespace' | 'nobody';

/** What a server's or a tool's process sees of the environment: none of the PG* variables that would change where and how it works. */
export const bareEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const;

/** Who PostgreSQL runs as, for the user that asks. A cluster that user 65534 owns keeps that owner. */
export function chooseRunAs({ uid, dataFolder, probe = namespacesWork, named = hasName }: { uid: number; dataFolder: string; probe?: () => boolean; named?: () => boolean }): RunAs {
  if (uid !== 0) return named() || !probe() ? 'self' : 'namespace';
  if (statSync(dataFolder, { throwIfNoEntry: false })?.uid === nobodyUid) return 'nobody';
  return probe() ? 'namespace' : 'nobody';
}

const inNamespace = ['unshare', '--user', `--map-user=${nobodyUid}`, '--'] as const;

function namespacesWork(): boolean {
  const [file, ...args] = inNamespace;
  return spawnSync(file, [...args, 'true'], { env: bareEnvironment, stdio: 'ignore' }).status === 0;
}

/** Whether the user that runs this process is in the machine's list of users; containers run as bare numbers. */
function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    // No entry for this number.
    return false;
  }
}

/**
 * The command line that runs `program` as decided. With `diesWithParent` the kernel interrupts it when the process that started it
 * is gone, kill -9 included (prctl(2), PR_SET_PDEATHSIG); that must be set last, since a change of credentials clears it.
 */
export function commandFor({ as, diesWithParent, program, args }: { as: RunAs; diesWithParent: boolean; program: string; args: readonly string[] }): { file: string; args: string[]; uid?: number; gid?: number } {
  const words = [
    ...(as === 'namespace' ? inNamespace : []),
    ...(diesWithParent ? ['setpriv', '--pdeathsig', 'INT', '--'] : []),
    program,
    ...args,
  ];
  const [file = program, ...rest] = words;
  return { file, args: rest, ...(as === 'nobody' ? { uid: nobodyUid, gid: nobodyUid } : {}) };
}

/** Faults: `platform-unsupported` where util-linux is missing, without which PostgreSQL would outlive a killed manager. */
export function requireSetpriv(): void {
  const probe = spawnSync('setpriv', ['--pdeathsig', 'INT', '--', 'true'], { env: bareEnvironment, stdio: 'ignore' });
  if (probe.status === 0) return;
  throw new Fault('platform-unsupported', 'the program setpriv (util-linux 2.33 or newer) is needed to run the database beside the manager, or set DATABASE_URL to a PostgreSQL server');
}
