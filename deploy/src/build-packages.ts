/** `npm run build:packages [-- --out DIR]`: the Debian packages of runtime and agent. Sizes go to stderr; stdout has a path a line. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toFault } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { packagesConfig } from './config.ts';
import { buildPackages } from './debian/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

try {
  const config = packagesConfig(process.argv.slice(2));
  const built = await buildPackages({ root, out: config.out ?? join(root, '.pier', 'build', 'packages'), mtimeS: config.sourceDateS }, shutdownSignal());
  for (const { path, sizeBytes, installedBytes } of built) {
    process.stderr.write(`${(sizeBytes / 2 ** 20).toFixed(2).padStart(7)} MiB, installed ${(installedBytes / 2 ** 20).toFixed(2).padStart(7)} MiB\n`);
    process.stdout.write(`${path}\n`);
  }
} catch (cause) {
  const fault = toFault(cause);
  process.stderr.write(`build:packages: ${fault.code}: ${fault.message}\n`);
  process.exitCode = fault.exit;
}
