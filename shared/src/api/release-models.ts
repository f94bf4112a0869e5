import * as z from 'zod';
import { AppName, Counter, Digest, KeyId, Version } from '../core/index.ts';
import { Asks, Limits } from '../capability/index.ts';
import { Reason } from '../wire/index.ts';
import { Time } from './common.ts';

export const ReleaseState = z.enum(['verified', 'rejected', 'withdrawn']);
export const Release = z
  .object({
    id: z.string(),
    app: AppName,
    version: Version,
    counter: Counter,
    repository: z.string(),
    digest: Digest,
    sizeBytes: z.int(),
    asks: Asks,
    limits: Limits,
    /** What it asks for, in plain words. */
    permissions: z.array(z.string()),
    /** Whether the manager's own look at the signatures agrees; display only, each device decides for itself. */
    state: ReleaseState,
    reason: Reason.nullable(),
    signedBy: z.array(KeyId),
    createdAt: Time,
  })
  .meta({ id: 'Release' });
export type Release = z.infer<typeof Release>;

/** What a release asks for beyond another one, and what it no longer asks for, in plain words. */
export const ReleaseDifference = z
  .object({ from: z.string(), to: z.string(), added: z.array(z.string()), removed: z.array(z.string()), changed: z.array(z.object({ before: z.string(), after: z.string() })) })
  .meta({ id: 'ReleaseDifference' });
export type ReleaseDifference = z.infer<typeof ReleaseDifference>;
