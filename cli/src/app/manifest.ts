import { join } from 'node:path';
import * as z from 'zod';
import { Asks, Limits } from '@pier/shared/capability';
import { AppName, Counter, Fault, Version, check, parseJson, systemClock } from '@pier/shared/core';
import { readUserFile } from '../session/index.ts';
import { sourceDateEpoch } from './settings.ts';

const SourcePath = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]*\.ts$/, 'an AssemblyScript file of the app\'s folder, such as "assembly/index.ts"')
  .refine((path) => !path.split('/').includes('..'), 'a file of the app\'s folder, without ".."');

/** An app's `pier.json`: what it is, what it asks for, where its source begins. */
export const AppManifest = z.strictObject({
  app: AppName,
  version: Version,
  /** Release counter; absent: SOURCE_DATE_EPOCH, or else now in seconds. */
  counter: Counter.optional(),
  entry: SourcePath,
  asks: Asks.prefault({}),
  limits: Limits.prefault({}),
});
export type AppManifest = z.infer<typeof AppManifest> & { readonly counter: number };

/** Reads `pier.json` of an app's folder, with its release counter settled. Faults: `not-found`, `json-invalid`, `manifest-invalid` listing every bad field. */
export function readAppManifest(dir: string, { epoch = sourceDateEpoch(), clock = systemClock } = {}): AppManifest {
  const file = join(dir, 'pier.json');
  const manifest = check(AppManifest, parseJson(readUserFile(file, "the app's manifest"), { what: file }), { what: file, code: 'manifest-invalid' });
  return { ...manifest, counter: manifest.counter ?? epochCounter(epoch) ?? Math.floor(clock.nowMs() / 1_000) };
}

function epochCounter(epoch: string | undefined): number | undefined {
  if (epoch === undefined || epoch === '') return undefined;
  const { success, data } = Counter.safeParse(Number(epoch));
  if (!success) throw new Fault('input-invalid', `SOURCE_DATE_EPOCH is "${epoch}"; whole seconds since 1970 were expected`);
  return data;
}
