import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Provision, archs, buildBundle } from '../bundle/index.ts';
import { agentPackage } from './agent-package.ts';
import { layOut } from './layout.ts';
import type { Package, PackageArch } from './package.ts';
import { run } from './run.ts';
import { runtimePackage } from './runtime-package.ts';

type Request = Provision & { readonly root: string; readonly out: string; readonly mtimeS: number };
type BuiltPackage = { readonly path: string; readonly name: string; readonly arch: PackageArch; readonly sizeBytes: number; readonly installedBytes: number };
/** `installer` is the script that installs the packages beside it. */
type BuiltPackages = { readonly packages: readonly BuiltPackage[]; readonly installer: string };

const installScript = fileURLToPath(new URL('../../install.sh', import.meta.url));

/**
 * Makes the Debian packages of the runtime and of the agent for every architecture from the checkout at `root`, into `out`, with their installer.
 * The same sources and tools give the same bytes. Faults: `platform-unsupported` without dpkg-deb or strip, `unreachable`, and those of the bundle.
 */
export async function buildPackages({ root, out, mtimeS, ...provision }: Request, signal: AbortSignal): Promise<BuiltPackages> {
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, '.work-'));
  try {
    const { say } = provision;
    say('bundling the agent');
    const bundle = await buildBundle({ root, out: join(work, 'bundle'), mtimeS, ...provision }, signal);
    // One architecture after the other: Node comes from npm, which is asked once at a time.
    const packages: Package[] = [];
    for (const arch of archs) {
      say(`${arch}: fetching Node, unless it is here already`);
      packages.push(await runtimePackage({ root, work, arch }, signal), agentPackage({ bundle, arch }));
    }
    const built = await Promise.allSettled(packages.map((one) => pack(one, { out, work, mtimeS, say }, signal)));
    const made = built.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
    return { packages: made, installer: placeInstaller(out) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function placeInstaller(out: string): string {
  const path = join(out, 'install.sh');
  copyFileSync(installScript, path);
  chmodSync(path, 0o755);
  return path;
}

async function pack(one: Package, { out, work, mtimeS, say }: Pick<Request, 'out' | 'mtimeS' | 'say'> & { readonly work: string }, signal: AbortSignal): Promise<BuiltPackage> {
  say(`${one.arch}: packing ${one.name} ${one.version}`);
  const file = `${one.name}_${one.version}_${one.arch}.deb`;
  const tree = join(work, `${one.name}-${one.arch}`);
  const installedBytes = layOut(one, { tree, mtimeS });
  const beside = join(work, file);
  // xz at its quickest, on one thread: several would cut the stream by the number of cores.
  await run(['env', `SOURCE_DATE_EPOCH=${mtimeS}`, 'DPKG_DEB_THREADS_MAX=1', 'dpkg-deb', '--root-owner-group', '-Zxz', '-z0', '--build', tree, beside], 'dpkg', signal);
  const path = join(out, file);
  renameSync(beside, path);
  return { path, name: one.name, arch: one.arch, sizeBytes: statSync(path).size, installedBytes };
}
