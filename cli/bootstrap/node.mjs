import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { providePackage } from './package-folder.mjs';
import { nodePin } from './pins.mjs';
import { say } from './say.mjs';

/** True where Pier's sources run on this Node as they are. */
export function nodeFits({ platform, version }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (platform === 'darwin') return major >= nodePin.major; // no package of ours for macOS: the person's own serves
  return major === nodePin.major && minor >= nodePin.minorMin;
}

/** The Node that Pier runs on, if it is on this machine: the running one where it fits, else the one set-up fetched. */
export function presentNode(paths) {
  if (nodeFits({ platform: process.platform, version: process.versions.node })) return process.execPath;
  const own = privateNode(paths);
  return existsSync(own) ? own : undefined;
}

/** Fetches the pinned Node where it is not yet present. */
export async function provideNode(npm, signal) {
  const present = presentNode(npm.paths);
  if (present !== undefined) return present;
  say(`fetching Node ${nodePin.version} into this folder (once, about 50 MB); the machine has ${process.versions.node}`);
  await providePackage(npm, { ...nodePin.packages[process.arch], folder: npm.paths.node(nodePin.version) }, signal);
  return privateNode(npm.paths);
}

function privateNode(paths) {
  return join(paths.node(nodePin.version), 'bin', 'node');
}
