import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEpoll } from '../../deploy/src/native/index.ts';
import { debianTool } from './debian.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles the addon of onoff for the running Node where that was not done yet, since npm runs no scripts of packages here.
 * Gives why not, where it cannot be had.
 */
export async function provideEpoll(): Promise<string | undefined> {
  if (process.arch !== 'x64' && process.arch !== 'arm64') return `the addon epoll is made for x64 and arm64, not for ${process.arch}`;
  // One of the places where onoff looks, and one that another version of Node never shares.
  const out = join(root, 'node_modules', 'epoll', 'compiled', process.versions.node, process.platform, process.arch, 'epoll.node');
  if (existsSync(out)) return undefined;
  const compiler = process.arch === 'x64' ? 'x86_64-linux-gnu-g++' : 'aarch64-linux-gnu-g++';
  if (!debianTool(compiler)) return `there is no ${compiler} to compile the addon epoll with`;
  mkdirSync(dirname(out), { recursive: true });
  // Test files run side by side: each makes its own, and the last rename wins.
  const own = `${out}.${process.pid}`;
  await buildEpoll({ root, arch: process.arch, out: own }, AbortSignal.timeout(120_000));
  renameSync(own, out);
  return undefined;
}
