import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, read, statSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Fault, type Log } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';
import { FuseFiles } from './fuse-files.ts';
import { decodeRequest, encodeAnswer, readBufferBytes } from './fuse-wire.ts';
import { Errno, type FileNode, type FolderNode } from './node.ts';

const readAsync = promisify(read);

export interface FuseMount extends AsyncDisposable {
  /** Wakes whoever polls a file whose events have become more. */
  wake(changed: FileNode): void;
}

/**
 * Mounts a tree of nodes at `dir` until disposed. Who uses the tree must be another process: it waits for answers that this
 * one gives. Faults: `platform-unsupported` without /dev/fuse or the right to mount, `not-found` without the folder.
 */
export async function mountFuse({ root, dir, name, log }: { root: FolderNode; dir: string; name: string; log: Log }): Promise<FuseMount> {
  await dropDead(dir);
  const fd = openFuse();
  const files = new FuseFiles(root);
  const state = { stopping: false };
  try {
    await mount({ fd, dir, name });
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
  const served = serve({ fd, files, log, state });
  return {
    wake: (changed) => {
      // A closed descriptor's number may be another file's by now.
      if (state.stopping) return;
      for (const wake of files.wakes(changed)) send(fd, wake);
    },
    [Symbol.asyncDispose]: async () => {
      state.stopping = true;
      // The reader waits in the kernel, where nothing but a request wakes it: so one is made.
      const woken = stat(dir).catch(() => {
        // Nobody answered it any more, or the mount was taken away by somebody else and the reader has ended with it.
      });
      try {
        await served;
      } finally {
        // From here on whoever holds a file gets ENOTCONN; the mount goes even if such a one is left.
        closeSync(fd);
        await woken;
        await run(['umount', '-l', dir]);
      }
    },
  };
}

/** A server that was killed leaves its mount behind, of which each use fails with ENOTCONN: it is taken away. */
async function dropDead(dir: string): Promise<void> {
  try {
    if (!statSync(dir).isDirectory()) throw new Fault('input-invalid', `${dir} is no folder to mount on`);
  } catch (cause) {
    if (!isErrno(cause, 'ENOTCONN')) throw isErrno(cause, 'ENOENT') ? new Fault('not-found', `there is no folder ${dir} to mount on`, {}, cause) : cause;
    await run(['umount', '-l', dir]);
  }
}

function openFuse(): number {
  try {
    return openSync('/dev/fuse', constants.O_RDWR);
  } catch (cause) {
    throw new Fault('platform-unsupported', `/dev/fuse cannot be opened, so no sysfs can be simulated here: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

async function mount({ fd, dir, name }: { fd: number; dir: string; name: string }): Promise<void> {
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions';
  const { status, said } = await run(['mount', '-i', '-t', 'fuse', name, dir, '-o', options], fd);
  if (status !== 0) throw new Fault('platform-unsupported', `mounting on ${dir} takes root, or a user namespace of one's own (unshare -Urm): ${said.trim()}`);
}

async function run([program = '', ...args]: readonly string[], fd?: number): Promise<{ status: number | null; said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', ...(fd === undefined ? [] : [fd])] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, said }));
  });
}

type Serving = { readonly fd: number; readonly files: FuseFiles; readonly log: Log; readonly state: { stopping: boolean } };

/** Answers requests one by one until told to stop, or until the file system is unmounted. */
async function serve({ fd, files, log, state }: Serving): Promise<void> {
  const buffer = Buffer.alloc(readBufferBytes);
  while (!state.stopping) {
    try {
      const { bytesRead } = await readAsync(fd, buffer, 0, buffer.length, null);
      answer({ fd, files, log }, buffer.subarray(0, bytesRead));
    } catch (cause) {
      if (isErrno(cause, 'ENODEV')) return log.warn({}, 'sysfs.unmounted');
      // A request that was called off before it was read (ENOENT), or a signal: there will be others.
      if (!['ENOENT', 'EINTR', 'EAGAIN'].some((name) => isErrno(cause, name))) throw cause;
    }
  }
  return undefined;
}

function answer({ fd, files, log }: Omit<Serving, 'state'>, bytes: Buffer): void {
  const request = decodeRequest(bytes);
  try {
    const body = files.answer(request);
    if (body !== undefined) send(fd, encodeAnswer(request.unique, 0, body));
  } catch (thrown) {
    if (!(thrown instanceof Errno)) log.error({ opcode: request.opcode, error: String(thrown) }, 'sysfs.failed');
    send(fd, encodeAnswer(request.unique, (thrown instanceof Errno ? thrown : new Errno('EIO')).errno));
  }
}

/** Each message is one write. Who asked may have gone (ENOENT), and so may the mount. */
function send(fd: number, message: Buffer): void {
  try {
    writeSync(fd, message);
  } catch (cause) {
    if (!['ENOENT', 'ENODEV', 'EPERM'].some((name) => isErrno(cause, name))) throw cause;
  }
}
