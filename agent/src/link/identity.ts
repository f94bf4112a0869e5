import { type KeyObject, X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { Fault, KeyId, check, parseJson, toFault } from '@pier/shared/core';
import { EnrollResponse } from '@pier/shared/enroll';
import { isErrno, replaceFile, syncFolder, temporarySuffix } from '@pier/shared/disk';
import { makePrivateKey } from '@pier/shared/x509';

/** Who this device is, and whom it trusts: kept beside the key since its enrolment. */
export const Enrolment = EnrollResponse.extend({ rootId: KeyId, manager: z.string() });
export type Enrolment = z.infer<typeof Enrolment>;
export type Identity = Enrolment & { readonly privatePem: string };

const fileOf = (folder: string, name: 'key.pem' | 'next.pem' | 'enrolment.json'): string => join(folder, 'identity', name);

/** The device's own key, made at the first call and on disk before anybody hears of it: a retry shows the same one. */
export async function deviceKey(folder: string): Promise<string> {
  const stored = await textOf(fileOf(folder, 'key.pem'));
  return stored !== undefined && parsed(stored) !== undefined ? stored : await newKey(folder, 'key.pem');
}

/** The key of the certificate to come, likewise: however often a renewal is asked for, it is for one key. */
export async function nextKey(folder: string): Promise<string> {
  const stored = await textOf(fileOf(folder, 'next.pem'));
  return stored !== undefined && parsed(stored) !== undefined ? stored : await newKey(folder, 'next.pem');
}

async function newKey(folder: string, name: 'key.pem' | 'next.pem'): Promise<string> {
  await mkdir(join(folder, 'identity'), { recursive: true, mode: 0o700 });
  const made = makePrivateKey();
  await replaceFile({ path: fileOf(folder, name), bytes: made });
  return made;
}

/**
 * The identity of an earlier enrolment, if there was one. The certificate says which key is in force: a process that died while
 * it renewed has two, and the renewal is brought to its end here; of keys that it had only begun to write nothing is left. Faults: `storage-failed` when it is damaged.
 */
export async function storedIdentity(folder: string): Promise<Identity | undefined> {
  await removeParts(join(folder, 'identity'));
  const path = fileOf(folder, 'enrolment.json');
  const text = await textOf(path);
  if (text === undefined) return undefined;
  const enrolment = enrolmentIn(text, path);
  const key = await textOf(fileOf(folder, 'key.pem'));
  if (key !== undefined && fits(key, enrolment.certificate)) return { ...enrolment, privatePem: key };
  const next = await textOf(fileOf(folder, 'next.pem'));
  if (next === undefined || !fits(next, enrolment.certificate)) throw new Fault('storage-failed', `${fileOf(folder, 'key.pem')} is gone, or is not the key of this device's certificate: without its key this device is not itself; ${wayOut(folder)}`);
  await keepNextKey(folder);
  return { ...enrolment, privatePem: next };
}

async function removeParts(folder: string): Promise<void> {
  try {
    const parts = (await readdir(folder)).filter((name) => name.endsWith(temporarySuffix));
    for (const name of parts) await rm(join(folder, name), { force: true });
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw new Fault('storage-failed', `${folder} cannot be tidied: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

const wayOut = (folder: string): string => `put ${join(folder, 'identity')} back from a copy, or remove it and enrol again with a new token`;

function enrolmentIn(text: string, path: string): Enrolment {
  try {
    return check(Enrolment, parseJson(text, { what: 'it' }), { what: 'it' });
  } catch (cause) {
    throw new Fault('storage-failed', `${path} is damaged: ${toFault(cause).message}; ${wayOut(dirname(dirname(path)))}`, {}, cause);
  }
}

export async function storeEnrolment(folder: string, enrolment: Enrolment): Promise<void> {
  await replaceFile({ path: fileOf(folder, 'enrolment.json'), bytes: JSON.stringify(enrolment) });
}

/** The next key is the device's key from now on; the one before is gone when it resolves. */
export async function keepNextKey(folder: string): Promise<void> {
  await rename(fileOf(folder, 'next.pem'), fileOf(folder, 'key.pem'));
  await syncFolder(join(folder, 'identity'));
}

/** Whether the certificate is for this key; nothing that cannot be read fits. */
export function fits(privatePem: string, certificatePem: string): boolean {
  const key = parsed(privatePem);
  try {
    return key !== undefined && new X509Certificate(certificatePem).checkPrivateKey(key);
  } catch {
    // What is no certificate is nobody's.
    return false;
  }
}

function parsed(privatePem: string): KeyObject | undefined {
  try {
    return createPrivateKey(privatePem);
  } catch {
    // A damaged key is no key; the caller says what that means.
    return undefined;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw new Fault('storage-failed', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}
