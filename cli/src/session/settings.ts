import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { Fault, check, parseJson, toFault } from '@pier/shared/core';
import { createFile, replaceFile } from '@pier/shared/disk';
import { publicPemOf } from '@pier/shared/signing';

/** What `pier login` remembers; a file that only its owner reads. */
const Profile = z.strictObject({ manager: z.url(), token: z.string().min(1) });
export type Profile = z.infer<typeof Profile>;

/** Where the CLI keeps the profile and the operator's certificate. */
export type Settings = { readonly home: string; readonly manager?: string | undefined; readonly token?: string | undefined };

/** Environment over profile: `PIER_HOME`, `PIER_MANAGER`, `PIER_API_TOKEN`. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const home = env['PIER_HOME'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'pier');
  const profile = readProfile(join(home, 'profile.json'));
  return { home, manager: env['PIER_MANAGER'] ?? profile?.manager, token: env['PIER_API_TOKEN'] ?? profile?.token };
}

function readProfile(file: string): Profile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // No profile yet: flags and environment may say it all.
    return undefined;
  }
  return check(Profile, parseJson(text, { what: file }), { what: file });
}

export async function writeProfile(home: string, profile: Profile): Promise<string> {
  const file = join(home, 'profile.json');
  await writePrivateFile(file, `${JSON.stringify(check(Profile, profile, { what: 'profile' }), null, 2)}\n`);
  return file;
}

/** Writes a file that only its owner reads, whole or not at all, in a folder that only its owner enters. */
export async function writePrivateFile(path: string, bytes: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceFile({ path, bytes, mode: 0o600 });
}

/** The same for a file that must not be there yet. Faults: `conflict` when it is; nothing is changed then. */
export async function createPrivateFile(path: string, bytes: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (!(await createFile({ path, bytes, mode: 0o600 }))) throw new Fault('conflict', `${path} exists; choose another name or move it away first`);
}

/** Reads a file that the user named. Faults: `not-found` naming it. */
export function readUserFile(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Fault('not-found', `${what} ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

/** The private key in a file that the user named. Faults: `not-found`, `key-unusable`, naming it. */
export function readPrivateKey(file: string, what: string): string {
  const privatePem = readUserFile(file, what);
  try {
    publicPemOf(privatePem);
  } catch (cause) {
    throw new Fault('key-unusable', `${what} ${file}: ${toFault(cause).message}; "pier key generate" writes the private one as NAME.key`, {}, cause);
  }
  return privatePem;
}
