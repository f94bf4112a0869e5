import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { socketPath } from './index.ts';

test('a socket in a folder deeper than sun_path allows is bound and found under its own name', async () => {
  const top = mkdtempSync(join(tmpdir(), 'pier-socket-'));
  try {
    const deep = join(top, 'd'.repeat(80), 'e'.repeat(80));
    mkdirSync(deep, { recursive: true });
    const server = createServer((socket) => socket.end('hello'));
    using bound = socketPath(join(deep, 'board-1.sock'));
    await new Promise<void>((resolve) => server.listen(bound.path, resolve));
    expect(readdirSync(deep)).toEqual(['board-1.sock']);
    using dialled = socketPath(join(deep, 'board-1.sock'));
    const [text] = await once(connect(dialled.path).setEncoding('utf8'), 'data');
    expect(text).toBe('hello');
    await new Promise((resolve) => server.close(resolve));
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
});

test('a short path stays as it is', () => {
  using short = socketPath('/tmp/board.sock');
  expect(short.path).toBe('/tmp/board.sock');
});
