import { spawnSync } from 'node:child_process';

/** Tools of other people that tests hold Pier against, by Debian package; any version of this series will do. */
const packages = { mosquitto_pub: 'mosquitto-clients=2.0.*', mosquitto_sub: 'mosquitto-clients=2.0.*', mbpoll: 'mbpoll=1.*', faketime: 'faketime=0.9.*', 'g++': 'g++=4:*', skopeo: 'skopeo=1.*', 'x86_64-linux-gnu-g++': compilerFor('x64', 'g++-x86-64-linux-gnu=4:*'), 'aarch64-linux-gnu-g++': compilerFor('arm64', 'g++-aarch64-linux-gnu=4:*'), mmdebstrap: 'mmdebstrap=1.*', shellcheck: 'shellcheck=0.*', 'qemu-aarch64-static': 'qemu-user-static=1:*', 'systemd-nspawn': 'systemd-container=2*' } as const;

/** A machine's own compiler comes with the plain package, under its long name too. */
function compilerFor<Cross extends string>(arch: string, cross: Cross): Cross | 'g++=4:*' {
  return process.arch === arch ? 'g++=4:*' : cross;
}

const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/**
 * Whether a Debian tool is there, installing it when we are root on a Debian. When it is not to be had, the reason is printed:
 * a test that is skipped says why.
 */
export function debianTool(tool: keyof typeof packages): boolean {
  if (has(tool)) return true;
  const why = install(packages[tool]);
  if (why === undefined && has(tool)) return true;
  process.stderr.write(`skipped: ${tool} (Debian package ${packages[tool]}) is not here: ${why ?? 'the package has no such program'}\n`);
  return false;
}

function install(wanted: string): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can install it';
  if (!has('apt-get')) return 'this is no Debian';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Another test file may be installing at the same time: apt waits for its lock.
  const apt = (...words: string[]) => spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...words], { env, encoding: 'utf8', timeout: 180_000 });
  const first = apt('install', '-y', '--no-install-recommends', wanted);
  if (first.status === 0) return undefined;
  apt('update');
  const second = apt('install', '-y', '--no-install-recommends', wanted);
  return second.status === 0 ? undefined : (second.stderr.trim().split('\n').at(-1) ?? `apt-get ended with ${second.status}`);
}
