// node cli/bootstrap/provide-node.mjs ARCH: puts the pinned Node of an architecture (x64, arm64) on this machine, checked,
// and prints its version and folder as JSON. For builds for devices, and for what runs these builds here.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layout } from './layout.mjs';
import { findNpm } from './npm.mjs';
import { providePackageAlone } from './package-folder.mjs';
import { nodePin } from './pins.mjs';
import { SetupError, say } from './say.mjs';

const arch = process.argv[2];

try {
  if (!Object.hasOwn(nodePin.packages, arch ?? '')) throw new SetupError(`usage: node cli/bootstrap/provide-node.mjs ${Object.keys(nodePin.packages).join('|')}`);
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { version } = nodePin;
  const paths = layout(root);
  // The machine's own may be here since set-up.
  const own = paths.node(version);
  const folder = arch === process.arch && existsSync(own) ? own : join(root, '.pier', 'cache', 'packages', `node-linux-${arch}-${version}`);
  const npm = { node: process.execPath, script: findNpm(process.env), env: process.env, paths };
  await providePackageAlone(npm, { ...nodePin.packages[arch], folder }, new AbortController().signal);
  process.stdout.write(`${JSON.stringify({ version, folder })}\n`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
