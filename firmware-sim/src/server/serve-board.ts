import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { join, resolve as absolute } from 'node:path';
import { type Clock, Fault, type Log, type Random } from '@pier/shared/core';
import type { BoardFile } from '@pier/shared/hardware';
import { socketPath } from '@pier/shared/process';
import { makeBoard } from '../board/index.ts';
import { SerialBank, profilePorts } from '../serial/index.ts';
import { fileNames, openBoardFiles } from './board-files.ts';
import { readCells } from './cell-reader.ts';
import { connectBoard } from './connect.ts';
import { serveConnection } from './connection.ts';
import { LiveBoard } from './live-board.ts';

const connectionsMax = 64;

export type ServedBoard = { readonly live: LiveBoard; readonly socket: string; readonly record: string; readonly dropped: () => number } & AsyncDisposable;

/**
 * Serves a simulated board in a folder until disposed. Whoever may enter the folder may use the board.
 * Faults: `conflict` when a board lives there already, `input-invalid` for a board file that does not fit together.
 */
export async function serveBoard({ file, dir, clock, random, log }: { file: BoardFile; dir: string; clock: Clock; random: Random; log: Log }): Promise<ServedBoard> {
  const serialDir = absolute(dir, fileNames.serial);
  const board = makeBoard(file, profilePorts(file.parts, serialDir));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const socket = join(dir, fileNames.socket);
  const living = await connectBoard(dir);
  living?.destroy();
  if (living) throw new Fault('conflict', `a simulated board is running in ${dir} already; stop it or name another folder with --dir`);
  rmSync(socket, { force: true });
  const serial = await SerialBank.open({ parts: file.parts, dir: serialDir, clock, random });
  const files = openBoardFiles({ dir, board, log });
  const live = new LiveBoard({ board, files, clock, log });
  const cells = readCells(files.cellsFd, (writes) => live.write(writes));
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    if (connections.size >= connectionsMax) {
      connection.destroy();
      return log.warn({ connectionsMax }, 'connection.refused');
    }
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    return serveConnection({ socket: connection, live, serial, drain: () => cells.drain(), log });
  });
  await listen(server, socket);
  return {
    live,
    socket,
    record: join(dir, fileNames.record),
    dropped: () => live.dropped,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // A server counts a connection as closed before its holder has left, so each is waited for by itself.
      const left = [...connections].map((connection) => new Promise((resolve) => connection.destroy().once('close', resolve)));
      await Promise.all([closed, ...left]);
      live[Symbol.dispose]();
      serial[Symbol.dispose]();
      await cells[Symbol.asyncDispose]();
      files[Symbol.dispose]();
      rmSync(socket, { force: true });
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  using bound = socketPath(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(bound.path, resolve);
  });
  server.removeAllListeners('error');
  chmodSync(path, 0o600);
}
