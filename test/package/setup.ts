/** What the tests of the packages share, made once: the packages themselves, and a Debian that nobody has used yet. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { debianTool } from '../support/debian.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** `packages` has the .deb files; `debian` is a small system as a tar, with systemd. */
export type Provided = { readonly packages: string; readonly debian: string } | { readonly why: string };

declare module 'vitest' {
  interface ProvidedContext {
    readonly provided: Provided;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const why = whyNot();
  if (why !== undefined) {
    process.stderr.write(`skipped: the tests of the packages: ${why}\n`);
    project.provide('provided', { why });
    return () => {};
  }
  const packages = mkdtempSync(join(tmpdir(), 'pier-packages-'));
  const build = [process.execPath, join(root, 'deploy/src/build-packages.ts'), '--out', packages];
  const [debian] = await Promise.all([provideDebian(), run(build)]);
  project.provide('provided', { packages, debian });
  return () => rmSync(packages, { recursive: true, force: true });
}

/** As root on a Debian nothing is missing that cannot be installed. */
function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can install packages into a system of their own';
  if (process.arch !== 'x64') return `they are run on x64, and this machine is ${process.arch}`;
  const missing = (['mmdebstrap', 'shellcheck', 'qemu-aarch64-static', 'aarch64-linux-gnu-g++', 'x86_64-linux-gnu-g++', 'systemd-nspawn'] as const).filter((tool) => !debianTool(tool));
  return missing.length === 0 ? undefined : `${missing.join(', ')} cannot be had here`;
}

/** Made once for each way of making it, since it takes half a minute; there is no package of it that may be asked for. */
async function provideDebian(): Promise<string> {
  const thin = ['doc', 'man', 'locale'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
  // What is thin about it does not concern what is installed later.
  const hook = '--customize-hook=rm "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap';
  const args = ['--variant=essential', '--include=passwd,libstdc++6,systemd,systemd-sysv', ...thin, '--dpkgopt=force-unsafe-io', hook, 'bookworm'];
  const made = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 12);
  const kept = join(root, '.pier', 'cache', 'roots', `bookworm-${made}.tar`);
  if (existsSync(kept)) return kept;
  mkdirSync(join(kept, '..'), { recursive: true });
  const beside = `${kept.slice(0, -'.tar'.length)}.${process.pid}.tar`;
  await run(['mmdebstrap', ...args, beside]);
  renameSync(beside, kept);
  return kept;
}

async function run([program = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  const status = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${said.slice(-2_000)}`);
}
