import * as z from 'zod';
import { AppName, Attempt, Counter, DeviceId, Digest, Rev, Version } from '../core/index.ts';
import { Bindings } from '../capability/index.ts';

/** What one app should be: an artifact by digest, where to fetch it, and the operator's bindings for it. */
export const DesiredApp = z.strictObject({
  /** OCI reference without tag or digest: `host[:port]/repository`, or `repository` alone for the manager's own registry. */
  repository: z.string().min(1).max(255),
  digest: Digest,
  version: Version,
  counter: Counter,
  attempt: Attempt,
  soakS: z.int().min(0).max(7 * 86_400),
  bindings: Bindings,
});
export type DesiredApp = z.infer<typeof DesiredApp>;

/** The whole of what a device should run; signed by a scheduler key, rendered from assignments and bindings. */
export const Desired = z.strictObject({
  device: DeviceId,
  rev: Rev,
  /** Number of the newest trust policy; the device fetches it from the device listener when it is above its own. */
  policy: z.int().min(0),
  apps: z.record(AppName, DesiredApp),
});
export type Desired = z.infer<typeof Desired>;
