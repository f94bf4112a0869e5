import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { boardFolder, boardFolders } from './folders.ts';

function makeRoot() {
  const base = mkdtempSync(join(tmpdir(), 'pier-boards-'));
  const root = join(base, 'boards');
  mkdirSync(root);
  const board = (name: string, at = root): void => {
    mkdirSync(join(at, name), { recursive: true });
    writeFileSync(join(at, name, 'record.ndjson'), '');
  };
  const ids = async () => (await boardFolders(root)).boards.map(({ id }) => id);
  return { base, root, board, ids, [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }) };
}

test('a folder with the socket or the record of a board is one, found afresh each time, by name', async () => {
  using made = makeRoot();
  expect(await made.ids()).toEqual([]);
  made.board('quay-1');
  mkdirSync(join(made.root, 'logs'));
  writeFileSync(join(made.root, 'notes'), '');
  mkdirSync(join(made.root, 'alive'));
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(join(made.root, 'alive', 'board.sock'), resolve));
  expect(await made.ids()).toEqual(['alive', 'quay-1']);
  await new Promise((resolve) => server.close(resolve));
  rmSync(join(made.root, 'quay-1'), { recursive: true });
  expect(await made.ids()).toEqual([]);
});

test('a folder that is not there yet has no boards', async () => {
  using made = makeRoot();
  expect(await boardFolders(join(made.root, 'later'))).toEqual({ boards: [], left: 0 });
});

test('links to boards, and boards whose socket or record is a link, are none', async () => {
  using made = makeRoot();
  made.board('outside', made.base);
  symlinkSync(join(made.base, 'outside'), join(made.root, 'linked'));
  for (const name of ['record.ndjson', 'board.sock']) {
    mkdirSync(join(made.root, `by-${name}`));
    symlinkSync(join(made.base, 'outside', 'record.ndjson'), join(made.root, `by-${name}`, name));
  }
  mkdirSync(join(made.root, 'file', 'record.ndjson'), { recursive: true });
  expect(await made.ids()).toEqual([]);
  for (const id of ['linked', 'by-record.ndjson', 'by-board.sock', 'file']) await expect(boardFolder(made.root, id)).rejects.toMatchObject({ code: 'not-found' });
});

test.each(['', '.', '..', '../outside', 'a/../../outside', '/etc', 'a\0b', '.hidden', '-x', 'ü', 'a b', 'x'.repeat(65)])('the name %j leads nowhere', async (id) => {
  using made = makeRoot();
  made.board('outside', made.base);
  made.board('.hidden');
  made.board('a');
  await expect(boardFolder(made.root, id)).rejects.toMatchObject({ code: 'not-found' });
  expect(await made.ids()).toEqual(['a']);
});

test('no more than 64 boards are shown, and the others are counted', async () => {
  using made = makeRoot();
  for (let n = 10; n < 80; n += 1) made.board(`board-${n}`);
  const { boards, left } = await boardFolders(made.root);
  expect([boards.length, boards[0]?.id, left]).toEqual([64, 'board-10', 6]);
});
