import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { check, parseJson } from '@pier/shared/core';
import type { Arch } from '../bundle/index.ts';
import { type Package, debianNames } from './package.ts';
import { run } from './run.ts';

const provider = (root: string): string => join(root, 'cli', 'bootstrap', 'provide-node.mjs');
const Provided = z.strictObject({ version: z.string(), folder: z.string() });

/** The strip of each architecture, and the Debian package that has it; it comes with the compiler that the bundle needs. */
const strips = {
  x64: { program: 'x86_64-linux-gnu-strip', debian: 'binutils-x86-64-linux-gnu' },
  arm64: { program: 'aarch64-linux-gnu-strip', debian: 'binutils-aarch64-linux-gnu' },
} as const satisfies Record<Arch, { program: string; debian: string }>;

/** Node and nothing else, apart from the agent: an update of the agent is then a megabyte, and not forty. */
export async function runtimePackage({ root, work, arch }: { readonly root: string; readonly work: string; readonly arch: Arch }, signal: AbortSignal): Promise<Package> {
  // A process, since set-up runs without any of ours.
  const said = await run([process.execPath, provider(root), arch], 'npm', signal);
  const { version, folder } = check(Provided, parseJson(said, { what: 'the provided Node' }), { what: 'the provided Node' });
  const node = join(work, `node-${arch}`);
  const { program, debian } = strips[arch];
  await run([program, '-o', node, join(folder, 'bin', 'node')], debian, signal);
  return {
    name: 'pier-runtime',
    version,
    arch: debianNames[arch],
    // What Node is built against: https://github.com/nodejs/node/blob/main/BUILDING.md#supported-platforms
    depends: 'libc6 (>= 2.28), libgcc-s1 | libgcc1, libstdc++6 (>= 8)',
    description: 'Node.js for the Pier agent\n The Node.js that the Pier agent runs on, in a place of its own: no other program\n finds it, and it does not meet a Node.js of the system.',
    files: new Map([
      ['usr/lib/pier/runtime/bin/node', { from: node, mode: 0o755 }],
      ['usr/share/doc/pier-runtime/copyright', { from: readFileSync(join(folder, 'LICENSE')), mode: 0o644 }],
    ]),
    scripts: new Map(),
  };
}
