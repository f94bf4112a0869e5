import * as z from 'zod';
import { AppName, Counter, DeviceId, Digest, KeyId, Version } from '../core/index.ts';
import { Asks, Bindings, LineRef } from '../capability/index.ts';
import { Reason, Reported } from '../wire/index.ts';

const Time = z.string().meta({ description: 'ISO 8601, UTC' });

/** RFC 9457; `code` is from the table of faults. */
export const Problem = z.object({ type: z.string(), title: z.string(), status: z.int(), code: z.string(), detail: z.string() }).meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export const Refused = z
  .object({ at: Time, type: z.string(), app: AppName.nullable(), digest: Digest.nullable(), attempt: z.int().nullable(), code: z.string(), reason: z.string() })
  .meta({ id: 'Refused', description: 'Something that the device did not accept, and why' });
export type Refused = z.infer<typeof Refused>;

export const Device = z
  .object({
    id: DeviceId,
    name: z.string(),
    model: z.string(),
    tags: z.record(z.string(), z.string()),
    state: z.enum(['active', 'revoked']),
    online: z.boolean(),
    lastSeenAt: Time.nullable(),
    agent: z.string().nullable(),
    rev: z.int(),
    createdAt: Time,
  })
  .meta({ id: 'Device' });
export type Device = z.infer<typeof Device>;

/** The state words are stored and shown alike. */
export const DeploymentState = z.enum(['waiting', 'offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'timed_out', 'refused', 'cancelled', 'superseded']);
export type DeploymentState = z.infer<typeof DeploymentState>;

/** The states in which a device is at work for a deployment. */
export const InFlightState = DeploymentState.extract(['offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking']);
export type InFlightState = z.infer<typeof InFlightState>;

export const Deployment = z
  .object({
    rollout: z.string(),
    device: DeviceId,
    app: AppName,
    wave: z.int(),
    state: DeploymentState,
    attempt: z.int().nullable(),
    reason: Reason.nullable(),
    updatedAt: Time,
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;

export const DeviceDetail = Device.extend({
  profile: z.json().nullable(),
  bindings: z.record(AppName, Bindings),
  assignments: z.array(z.object({ app: AppName, release: z.string(), version: Version, digest: Digest, attempt: z.int(), setBy: z.string() })),
  reported: Reported.omit({ gen: true, boot: true, seq: true }).nullable(),
  refusals: z.array(Refused),
  deployments: z.array(Deployment),
}).meta({ id: 'DeviceDetail' });
export type DeviceDetail = z.infer<typeof DeviceDetail>;

export const PinView = z.object({ ...LineRef.shape, name: z.string(), app: AppName.nullable(), label: z.string(), direction: z.enum(['in', 'out']), level: z.int(), edges: z.number() });
export const PinsView = z.object({ at: Time.nullable(), lines: z.array(PinView) }).meta({ id: 'Pins' });

export const ReleaseState = z.enum(['verified', 'rejected']);
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
    /** Whether the manager's own look at the signatures agrees; display only, each device decides for itself. */
    state: ReleaseState,
    reason: Reason.nullable(),
    signedBy: z.array(KeyId),
    createdAt: Time,
  })
  .meta({ id: 'Release' });
export type Release = z.infer<typeof Release>;

export const RolloutState = z.enum(['running', 'paused', 'completed', 'failed', 'aborted']);
export const WaveState = z.enum(['pending', 'active', 'passed', 'failed']);
export const WaveView = z.object({ n: z.int(), state: WaveState, total: z.int(), counts: z.partialRecord(DeploymentState, z.int()) });
export const Rollout = z
  .object({
    id: z.string(),
    release: z.string(),
    app: AppName,
    version: Version,
    digest: Digest,
    state: RolloutState,
    reason: Reason.nullable(),
    soakS: z.int(),
    waves: z.array(WaveView),
    createdBy: z.string(),
    createdAt: Time,
    finishedAt: Time.nullable(),
  })
  .meta({ id: 'Rollout' });
export type Rollout = z.infer<typeof Rollout>;

export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });
export const PageQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50), cursor: z.string().max(256).optional() });
export { Time };
