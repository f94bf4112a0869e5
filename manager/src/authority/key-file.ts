import { createPrivateKey, type KeyObject } from 'node:crypto';
import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { Fault, toFault } from '@pier/shared/core';
import { isErrno } from '@pier/shared/disk';

const othersMask = 0o077;
const keyFileBytesMax = 64 << 10;

/** Makes the folder that holds private keys, open to its owner alone. Faults: `key-unusable` when others may enter it. */
export async function openKeyFolder(dir: string): Promise<void> {
  const made = await mkdir(dir, { recursive: true, mode: 0o700 });
  // An unusual umask takes bits away from what mkdir was given.
  if (made !== undefined) await chmod(dir, 0o700);
  const { mode } = await stat(dir);
  if (mode & othersMask) throw new Fault('key-unusable', `the key folder ${dir} is open to others (mode ${octal(mode)}); chmod 700 it`);
}

/** The file's text, or undefined when there is none. Faults: `key-unusable` when anybody but the owner could read it. */
export async function readKeyFile(path: string): Promise<string | undefined> {
  try {
    // Mode and bytes come from one descriptor: nobody can swap the file in between.
    await using file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if (mode & othersMask) throw new Fault('key-unusable', `the key file ${path} is readable by others (mode ${octal(mode)}); expected 600. If somebody may have read it, replace the key`);
    if (size > keyFileBytesMax) throw new Fault('key-unusable', `the key file ${path} has ${size} bytes; a key has less than ${keyFileBytesMax}`);
    return await file.readFile('utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    if (error instanceof Fault) throw error;
    throw new Fault('key-unusable', `the key file ${path} cannot be read: ${toFault(error).message}`, {}, error);
  }
}

/** Faults: `key-unusable` when the text is not one P-256 private key in PEM; the text itself never appears. */
export function parsePrivateKey(pem: string, path: string): KeyObject {
  const damaged = (why: string, cause?: unknown): Fault =>
    new Fault('key-unusable', `the key file ${path} is damaged: ${why}. Restore it from a backup; it is never made anew while it exists`, {}, cause);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw damaged('no PEM private key in it', cause);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw damaged('its key is not on the curve P-256');
  return key;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}
