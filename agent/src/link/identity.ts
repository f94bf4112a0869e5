import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Fault, KeyId, check, parseJson } from '@pier/shared/core';
import { EnrollResponse } from '@pier/shared/enroll';
import { isErrno, replaceFile } from '@pier/shared/disk';
import { makePrivateKey } from '@pier/shared/x509';

/** Who this device is, and whom it trusts: kept beside the key since its enrolment. */
export const Enrolment = EnrollResponse.extend({ rootId: KeyId, manager: z.string() });
export type Enrolment = z.infer<typeof Enrolment>;
export type Identity = Enrolment & { readonly privatePem: string };

const fileOf = (folder: string, name: 'key.pem' | 'enrolment.json'): string => join(folder, 'identity', name);

/** The device's own key, made at the first call and on disk before anybody hears of it: a retry shows the same one. */
export async function deviceKey(folder: string): Promise<string> {
  const path = fileOf(folder, 'key.pem');
  const stored = await textOf(path);
  if (stored !== undefined) return stored;
  await mkdir(join(folder, 'identity'), { recursive: true, mode: 0o700 });
  const made = makePrivateKey();
  await replaceFile({ path, bytes: made });
  return made;
}

/** The identity of an earlier enrolment, if there was one. Faults: `storage-failed` when it is damaged. */
export async function storedIdentity(folder: string): Promise<Identity | undefined> {
  const text = await textOf(fileOf(folder, 'enrolment.json'));
  if (text === undefined) return undefined;
  const enrolment = check(Enrolment, parseJson(text, { what: 'enrolment' }), { what: fileOf(folder, 'enrolment.json'), code: 'storage-failed' });
  const privatePem = await textOf(fileOf(folder, 'key.pem'));
  if (privatePem === undefined) throw new Fault('storage-failed', `${fileOf(folder, 'key.pem')} is gone: without its key this device is not itself`);
  return { ...enrolment, privatePem };
}

export async function storeEnrolment(folder: string, enrolment: Enrolment): Promise<void> {
  await replaceFile({ path: fileOf(folder, 'enrolment.json'), bytes: JSON.stringify(enrolment) });
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw new Fault('storage-failed', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}
