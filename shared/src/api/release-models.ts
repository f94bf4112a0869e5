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

/** Devices that report it as running: proven there, still soaking, or otherwise (stopped by hand, failing); and how its deployments ended badly. */
export const ReleaseUse = z
  .object({ running: z.int(), proven: z.int(), soaking: z.int(), troubles: z.array(z.object({ code: z.string(), sentence: z.string(), count: z.int() })) })
  .meta({ id: 'ReleaseUse' });
export type ReleaseUse = z.infer<typeof ReleaseUse>;

/** What a trust policy says, without the keys themselves: they are in the envelope. */
export const PolicyDocument = z.object({
  keys: z.array(z.object({ id: z.string(), name: z.string(), role: z.string() })),
  scopes: z.array(z.object({ prefix: z.string(), keys: z.array(z.string()), threshold: z.int(), capabilities: z.array(z.string()) })),
  bindings: z.string(),
  permits: z.string(),
  unsignedCommands: z.string(),
  approvals: z.object({ above: z.int() }).nullable(),
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;
