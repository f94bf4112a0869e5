import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppName, Fault, Label, check, parseJson } from '@pier/shared/core';
import { type GpioGrant, LineRef } from '@pier/shared/capability';
import { isErrno } from '@pier/shared/disk';

/** An output in the agent's hands, and the level that whoever is left has to give it. One that is kept as it is needs nobody. */
export const HeldOutput = z.strictObject({ at: LineRef, safe: z.enum(['low', 'high', 'input']), app: AppName, label: Label });
export type HeldOutput = z.infer<typeof HeldOutput>;

const File = z.strictObject({ outputs: z.array(HeldOutput).max(1_024) });

/** Beside the store and not in it: it is read when the agent was killed in the middle of whatever it wrote there. */
export const outputsPath = (folder: string): string => join(folder, 'outputs.json');

/** The outputs that the agent of this folder holds, or held when it died. Faults: `storage-failed` for a file that cannot be read. */
export function readOutputs(folder: string): readonly HeldOutput[] {
  const path = outputsPath(folder);
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw new Fault('storage-failed', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
  try {
    return check(File, parseJson(bytes, { what: path }), { what: path }).outputs;
  } catch (cause) {
    throw new Fault('storage-failed', `${path} is damaged, so that nobody knows which outputs are held: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

export function bytesOf(outputs: HeldOutput[]): string {
  return `${JSON.stringify({ outputs } satisfies z.input<typeof File>)}\n`;
}

/** What there is to be done for granted lines should the agent die; nothing for inputs and for what is kept as it is. */
export function heldOutputs(app: AppName, grants: readonly GpioGrant[]): readonly HeldOutput[] {
  return grants.flatMap(({ ask, at, safe }) => (ask.mode === 'in' || safe === 'keep' ? [] : [{ at, safe, app, label: ask.label }]));
}
