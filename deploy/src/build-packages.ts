/** `npm run build:packages [-- [--out DIR] [--install-tools]]`: the Debian packages of runtime and agent, and what installs them. Steps and sizes go to stderr; stdout has a path a line. */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toFault } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { packagesConfig } from './config.ts';
import { buildPackages } from './debian/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`build:packages: ${line}\n`);
const inMib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2).padStart(7)} MiB`;

try {
  const config = packagesConfig(process.argv.slice(2));
  const { packages, installer } = await buildPackages({ root, out: config.out ?? join(root, '.pier', 'build', 'packages'), mtimeS: config.sourceDateS, installTools: config.installTools, say }, shutdownSignal());
  for (const { path, sizeBytes, installedBytes } of packages) {
    process.stderr.write(`${inMib(sizeBytes)}, installed ${inMib(installedBytes)}  ${basename(path)}\n`);
    process.stdout.write(`${path}\n`);
  }
  process.stdout.write(`${installer}\n`);
} catch (cause) {
  const fault = toFault(cause);
  say(`${fault.code}: ${fault.message}`);
  process.exitCode = fault.exit;
}
