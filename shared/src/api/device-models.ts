import * as z from 'zod';
import { AppName, DeviceId, Digest, Version } from '../core/index.ts';
import { Bindings, LineRef } from '../capability/index.ts';
import { AttemptState, Reported } from '../wire/index.ts';
import { AnyJson, TagKey, Tags, Time } from './common.ts';
import { Deployment } from './rollout-models.ts';

export const Refused = z
  .object({ at: Time, type: z.string(), app: AppName.nullable(), digest: Digest.nullable(), attempt: z.int().nullable(), code: z.string(), reason: z.string() })
  .meta({ id: 'Refused', description: 'Something that the device did not accept, and why' });
export type Refused = z.infer<typeof Refused>;

/** A fact that a device told: an end with its last lines, a refusal, an override. */
export const DeviceEvent = z
  .object({
    id: z.string(),
    at: Time,
    type: z.string(),
    app: AppName.nullable(),
    digest: Digest.nullable(),
    attempt: z.int().nullable(),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    lastOutput: z.array(z.string()),
    /** Time from the end of a guest until all its outputs were safe, as the agent measured it. */
    safeMs: z.number().nullable(),
  })
  .meta({ id: 'DeviceEvent' });
export type DeviceEvent = z.infer<typeof DeviceEvent>;

export const DeviceState = z.enum(['pending', 'active', 'revoked']);
export type DeviceState = z.infer<typeof DeviceState>;

/** What a device says of one app, as short as a list wants it. */
export const DeviceApp = z.object({
  app: AppName,
  version: z.string().nullable(),
  state: AttemptState.nullable(),
  hold: z.enum(['stopped', 'deployed']).nullable(),
});

export const Device = z
  .object({
    id: DeviceId,
    name: z.string(),
    model: z.string(),
    tags: z.record(z.string(), z.string()),
    state: DeviceState,
    online: z.boolean(),
    lastSeenAt: Time.nullable(),
    agent: z.string().nullable(),
    rev: z.int(),
    apps: z.array(DeviceApp),
    createdAt: Time,
  })
  .meta({ id: 'Device' });
export type Device = z.infer<typeof Device>;

export const Usage = z.object({ cpuMs: z.number(), memoryBytes: z.number(), outputBytes: z.number() });

export const DeviceDetail = Device.extend({
  profile: AnyJson,
  bindings: z.record(AppName, Bindings),
  assignments: z.array(z.object({ app: AppName, release: z.string(), version: Version, digest: Digest, attempt: z.int(), setBy: z.string(), byHand: z.boolean() })),
  reported: Reported.omit({ gen: true, boot: true, seq: true }).nullable(),
  /** What each guest has used since its start, as of the last heartbeat. */
  usage: z.record(AppName, Usage),
  /** What each assigned app may do on this device, in plain words. */
  permissions: z.record(AppName, z.array(z.string())),
  refusals: z.array(Refused),
  deployments: z.array(Deployment),
}).meta({ id: 'DeviceDetail' });
export type DeviceDetail = z.infer<typeof DeviceDetail>;

export const PinView = z.object({ ...LineRef.shape, name: z.string(), app: AppName.nullable(), label: z.string(), direction: z.enum(['in', 'out']), level: z.int(), edges: z.number() });
export const PinsView = z.object({ at: Time.nullable(), lines: z.array(PinView) }).meta({ id: 'Pins' });

export const LogView = z
  .object({
    lines: z.array(z.object({ id: z.string(), at: Time, stream: z.enum(['stdout', 'stderr']), text: z.string() })),
    /** Pass as `after` to get what came since. */
    next: z.string(),
    dropped: z.number(),
  })
  .meta({ id: 'Log' });
export type LogView = z.infer<typeof LogView>;

export const TelemetryView = z
  .object({ items: z.array(z.object({ at: Time, app: AppName, series: z.string(), unit: z.string(), value: z.number() })), next: z.string().nullable(), dropped: z.number() })
  .meta({ id: 'Telemetry' });
export type TelemetryView = z.infer<typeof TelemetryView>;

/** `tags` replaces all tags; `setTags` and `removeTags` leave the others as they are, so that two people can each change one. */
export const DeviceChange = z
  .strictObject({ name: z.string().min(1).max(64).optional(), tags: Tags.optional(), setTags: Tags.optional(), removeTags: z.array(TagKey).max(64).optional() })
  .refine(({ tags, setTags, removeTags }) => tags === undefined || (setTags === undefined && removeTags === undefined), '"tags" replaces all tags: it goes with neither "setTags" nor "removeTags"')
  .refine(({ setTags = {}, removeTags = [] }) => !removeTags.some((key) => Object.hasOwn(setTags, key)), 'a tag is either set or removed');
export type DeviceChange = z.infer<typeof DeviceChange>;
export const DeviceCount = z.object({ total: z.int(), online: z.int() }).meta({ id: 'DeviceCount' });
