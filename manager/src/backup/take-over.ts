/**
 * The last step of a restore: what was put together beside takes the place of what was there. It can be cut off anywhere and
 * done again: a file says that all is ready, each name is moved by itself, and what is moved is not moved again.
 */
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Log, check, parseJson } from '@pier/shared/core';
import { isErrno, replaceFile, syncFolder } from '@pier/shared/disk';

/** What a manager keeps in its data folder. */
export const kept = ['authority', 'ports.json', 'registry', 'postgres'] as const;

export const besideName = 'restore.new';
const readyName = 'ready.json';
const Ready = z.strictObject({ aside: z.string().regex(/^replaced-[0-9TZ.-]+$/) });

/** Says that all is ready, and moves it. `at` names the folder to which goes what was there. Out: that folder, when something was. */
export async function takeOver(dataDir: string, at: string): Promise<string | undefined> {
  const aside = `replaced-${at.replaceAll(':', '-')}`;
  await replaceFile({ path: join(dataDir, besideName, readyName), bytes: JSON.stringify({ aside } satisfies z.infer<typeof Ready>) });
  return finishRestore(dataDir);
}

/** Ends a restore that was cut off after it was ready; called by whoever holds the folder's lock. Out: where what was replaced lies now. */
export async function finishRestore(dataDir: string, log?: Log): Promise<string | undefined> {
  const beside = join(dataDir, besideName);
  const text = await readFile(join(beside, readyName), 'utf8').catch((error: unknown) => (isErrno(error, 'ENOENT') ? undefined : Promise.reject(error)));
  if (text === undefined) return undefined;
  const aside = join(dataDir, check(Ready, parseJson(text, { what: readyName }), { what: readyName, code: 'storage-failed' }).aside);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  for (const name of kept) {
    if (!(await isThere(join(beside, name)))) continue;
    if (await isThere(join(dataDir, name))) await rename(join(dataDir, name), join(aside, name));
    await rename(join(beside, name), join(dataDir, name));
    await syncFolder(dataDir);
  }
  await rm(beside, { recursive: true, force: true });
  log?.info({ aside }, 'restore.finished');
  if ((await readdir(aside)).length > 0) return aside;
  await rm(aside, { recursive: true });
  return undefined;
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(() => true, (error: unknown) => (isErrno(error, 'ENOENT') ? false : Promise.reject(error)));
}
