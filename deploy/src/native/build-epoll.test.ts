import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { debianTool } from '../../../test/support/debian.ts';
import { buildEpoll } from './index.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const never = new AbortController().signal;

test('the addon compiles without node-gyp, names no folder of this machine, and loads where it is for this architecture', async (context) => {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  context.skip(arch !== process.arch, `the addon is made for x64 and arm64, not for ${process.arch}`);
  context.skip(!debianTool('g++'), 'no compiler here');
  const dir = mkdtempSync(join(tmpdir(), 'pier-epoll-'));
  try {
    const out = join(dir, 'epoll.node');
    await buildEpoll({ root, arch, out }, never);
    const { Epoll } = createRequire(import.meta.url)(out) as { Epoll: { EPOLLPRI: number; EPOLLIN: number } };
    expect([Epoll.EPOLLPRI, Epoll.EPOLLIN]).toEqual([2, 1]);
    const bytes = readFileSync(out);
    expect([root.replace(/\/$/, ''), dir, process.execPath.replace(/\/bin\/node$/, '')].filter((place) => bytes.includes(place))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('sources that do not compile are told in the words of the compiler', async (context) => {
  context.skip(!debianTool('g++'), 'no compiler here');
  await expect(buildEpoll({ root: '/nowhere', arch: 'x64', out: '/nowhere/epoll.node' }, never)).rejects.toMatchObject({ code: 'platform-unsupported', message: expect.stringContaining('epoll.cc') });
});
