import * as z from 'zod';
import { AppName, Counter, Digest } from '../core/index.ts';
import { Order } from './order.ts';

/** How far a device is with the attempt that it was given; the same words as a deployment's states. */
export const AttemptState = z.enum(['accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'refused']);
export type AttemptState = z.infer<typeof AttemptState>;

export const Reason = z.object({ code: z.string().min(1).max(64), reason: z.string().max(1_000) });
export type Reason = z.infer<typeof Reason>;

export const ReleaseOnDevice = z.object({ digest: Digest, version: z.string().max(64), counter: Counter });

export const ReportedApp = z.object({
  /** The attempt last taken up, and its state. Absent when the app runs from before or is being removed. */
  attempt: z.int().min(1).optional(),
  digest: Digest.optional(),
  state: AttemptState.optional(),
  reason: Reason.optional(),
  /** The guest that runs now, if any: it may be another release than the attempt's. */
  running: ReleaseOnDevice.extend({ restarts: z.int().min(0), sinceMs: z.number().min(0) }).optional(),
  /** The release that last finished its soak on this device. */
  lastGood: ReleaseOnDevice.optional(),
  /** The good release before `lastGood`: what a roll back of a proven release goes to, without anybody's signature. */
  previousGood: ReleaseOnDevice.optional(),
  /** Stopped, or deployed to something else, by a person at the device: a local override that lasts `forS` seconds from its start. */
  hold: z.object({ kind: z.enum(['stopped', 'deployed']), by: z.string().max(256), forS: z.int().min(1), digest: Digest.optional() }).optional(),
  /** How the guest before this one ended, and how long after its end all its outputs were in their safe state. */
  lastEnd: z.object({ code: z.string().max(64), reason: z.string().max(1_000), safeMs: z.number().min(0) }).optional(),
});
export type ReportedApp = z.infer<typeof ReportedApp>;

/** The whole of what a device is; re-sent until acknowledged. */
export const Reported = z.object({
  ...Order.shape,
  rev: z.int().min(0),
  desired: Digest.nullable(),
  policy: z.int().min(0),
  apps: z.record(AppName, ReportedApp),
  /** Why the newest document under `down/desired` was not taken, until one is. */
  desiredRefused: Reason.optional(),
  /** The device can keep nothing more on its disk, while that is so. */
  disk: Reason.optional(),
  /** How many messages of each kind were let go because too many waited for the manager, since the device's database was made. */
  dropped: z.record(z.string().max(32), z.int().min(0)).optional(),
});
export type Reported = z.infer<typeof Reported>;
