import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Fault } from '@pier/shared/core';

/** As Node calls them in `process.arch`. */
type NativeArch = 'x64' | 'arm64';

/** The compiler of each architecture, and the Debian package that has it; any machine compiles for both. */
export const compilers = {
  x64: { program: 'x86_64-linux-gnu-g++', debian: 'g++-x86-64-linux-gnu' },
  arm64: { program: 'aarch64-linux-gnu-g++', debian: 'g++-aarch64-linux-gnu' },
} as const satisfies Record<NativeArch, { program: string; debian: string }>;

type Build = {
  /** The checkout, with node_modules in it. */
  readonly root: string;
  readonly arch: NativeArch;
  /** The file to make: epoll.node. Its folder is there. */
  readonly out: string;
};

/**
 * Compiles the addon of the package `epoll`, which onoff and the character device wait with, without node-gyp and Python:
 * it is one source file. The same sources and compiler give the same bytes, wherever the checkout lies.
 * Faults: `platform-unsupported` without the compiler or Node's headers, or when it does not compile.
 */
export async function buildEpoll({ root, arch, out }: Build, signal: AbortSignal): Promise<void> {
  const modules = join(root, 'node_modules');
  const headers = nodeHeaders();
  const flags = [
    // Node's own, for addons: https://nodejs.org/api/addons.html, common.gypi beside the headers.
    '-shared', '-fPIC', '-pthread', '-std=gnu++20', '-fno-rtti', '-fno-exceptions', '-fno-strict-aliasing',
    '-DNODE_GYP_MODULE_NAME=epoll', '-DUSING_UV_SHARED=1', '-DUSING_V8_SHARED=1', '-DBUILDING_NODE_EXTENSION', '-DNDEBUG', '-D_FILE_OFFSET_BITS=64',
    '-Os', '-s', '-Wl,--build-id=none', '-Wno-deprecated-declarations', '-Wno-cast-function-type',
    // The sources name themselves in the binary.
    `-ffile-prefix-map=${resolve(root)}=.`, `-ffile-prefix-map=${headers}=node`,
    '-isystem', headers, '-isystem', join(modules, 'nan'),
  ];
  const { program, debian } = compilers[arch];
  const { status, said } = await run([program, ...flags, '-o', out, join(modules, 'epoll', 'src', 'epoll.cc')], signal);
  if (status === 'missing') throw new Fault('platform-unsupported', `${program} is not here; it comes with the Debian package ${debian}, or with g++ on a machine of that kind`);
  if (status !== 0) throw new Fault('platform-unsupported', `${program} could not compile the package epoll: ${said.slice(0, 2_000)}`);
}

/** Headers of the running Node, which set-up fetches and official builds bring. They are the same for every architecture. */
function nodeHeaders(): string {
  const headers = resolve(dirname(process.execPath), '..', 'include', 'node');
  if (!existsSync(join(headers, 'node.h'))) throw new Fault('platform-unsupported', `Node's headers are not in ${headers}: an addon cannot be compiled for this Node`);
  return headers;
}

async function run([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<{ status: number | null | 'missing'; said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  return await new Promise((resolveRun, reject) => {
    child.once('error', (error) => ('code' in error && error.code === 'ENOENT' ? resolveRun({ status: 'missing', said }) : reject(error)));
    child.once('close', (status) => resolveRun({ status, said }));
  });
}
