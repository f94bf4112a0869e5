/** `npm run build:agent [-- [--out DIR] [--tar FILE] [--install-tools]]`: the device bundle. What is in it goes to stderr; the last line of stdout is its folder. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toFault } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { buildBundle, tarOf } from './bundle/index.ts';
import { buildConfig } from './config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`build:agent: ${line}\n`);

try {
  const config = buildConfig(process.argv.slice(2));
  const signal = shutdownSignal();
  const { dir, files, sizeBytes } = await buildBundle({ root, out: config.out ?? ((name) => join(root, '.pier', 'build', name)), mtimeS: config.sourceDateS, installTools: config.installTools, say }, signal);
  for (const { path, bytes } of files) process.stderr.write(`${(bytes / 1_024).toFixed(1).padStart(9)} KiB  ${path}\n`);
  process.stderr.write(`${(sizeBytes / 2 ** 20).toFixed(2).padStart(9)} MiB  in all, without Node\n`);
  if (config.tar !== undefined) await tarOf({ dir, file: config.tar, mtimeS: config.sourceDateS }, signal);
  process.stdout.write(`${dir}\n`);
} catch (cause) {
  const fault = toFault(cause);
  say(`${fault.code}: ${fault.message}`);
  process.exitCode = fault.exit;
}
