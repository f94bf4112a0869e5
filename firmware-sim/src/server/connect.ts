import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { socketPath } from '@pier/shared/process';
import { fileNames } from './board-files.ts';

/** A connected socket to the board of a folder; undefined when no board listens there. */
export async function connectBoard(dir: string): Promise<Socket | undefined> {
  let held: ReturnType<typeof socketPath> | undefined;
  try {
    held = socketPath(join(dir, fileNames.socket));
    const socket = connect(held.path);
    return await new Promise<Socket | undefined>((resolve) => {
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => resolve(undefined));
    });
  } catch {
    // The folder itself is not there.
    return undefined;
  } finally {
    held?.[Symbol.dispose]();
  }
}
