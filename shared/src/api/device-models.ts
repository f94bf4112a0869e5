import * as z from 'zod';
import { AppName, CommandId, DeviceId, Digest, Version } from '../core/index.ts';
import { Bindings, LineRef } from '../capability/index.ts';
import { AttemptState, Reason, Reported } from '../wire/index.ts';
import { AnyJson, Remark, SelectorText, TagKey, Tags, Time } from './common.ts';
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

/**
 * How a device stands, in one word: the first of these that is true. `failed` and `refused` speak of the newest deployment of
 * one of its apps, `refused` before `never_heard` also of a board that the manager refuses since another one has its identity, `held` of an app that a person stopped, deployed or assigned by hand; `in_step` is what is left.
 */
export const DeviceStanding = z.enum(['revoked', 'pending', 'never_heard', 'offline', 'failed', 'refused', 'updating', 'soaking', 'held', 'waiting', 'in_step']);
export type DeviceStanding = z.infer<typeof DeviceStanding>;

/** What a device says of one app, and what is wanted of it, as short as a list wants it. */
export const DeviceApp = z.object({
  app: AppName,
  version: z.string().nullable(),
  /** The version that is assigned, or that a rollout will bring; null where nothing is wanted. */
  wanted: z.string().nullable(),
  state: AttemptState.nullable(),
  hold: z.enum(['stopped', 'deployed']).nullable(),
});

export type DeviceApp = z.infer<typeof DeviceApp>;

export const Device = z
  .object({
    id: DeviceId,
    name: z.string(),
    model: z.string(),
    tags: z.record(z.string(), z.string()),
    state: DeviceState,
    standing: DeviceStanding,
    /** Why it is not in step, in a sentence; null where it is. */
    why: Reason.nullable(),
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
export type PinsView = z.infer<typeof PinsView>;

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
/** `standings` add up to `total`; what no device has is left out. */
export const DeviceCount = z.object({ total: z.int(), online: z.int(), standings: z.partialRecord(DeviceStanding, z.int()) }).meta({ id: 'DeviceCount' });
export type DeviceCount = z.infer<typeof DeviceCount>;

/** The fleet in numbers, as it is now. Versions are those that devices report, not those that are wanted. */
export const Fleet = DeviceCount.extend({
  at: Time,
  apps: z.array(z.object({ app: AppName, devices: z.int(), versions: z.array(z.object({ version: z.string(), devices: z.int() })) })),
  /** By the tag `site`, the one with the most devices that do not answer first; null for devices without it. */
  sites: z.array(z.object({ site: z.string().nullable(), devices: z.int(), online: z.int() })),
  /** How many boards wait to be let in. */
  pending: z.int(),
}).meta({ id: 'Fleet' });
export type Fleet = z.infer<typeof Fleet>;

/** Tags that are set or removed on many devices at once: those of a selector, or those that are named. */
export const TagChange = z
  .strictObject({ selector: SelectorText.optional(), devices: z.array(DeviceId).min(1).max(10_000).optional(), setTags: Tags.optional(), removeTags: z.array(TagKey).max(64).optional(), remark: Remark })
  .refine(({ selector, devices }) => (selector === undefined) !== (devices === undefined), 'either a selector or a list of devices is expected')
  .refine(({ setTags = {}, removeTags = [] }) => Object.keys(setTags).length + removeTags.length > 0, 'a tag to set or to remove is expected')
  .refine(({ setTags = {}, removeTags = [] }) => !removeTags.some((key) => Object.hasOwn(setTags, key)), 'a tag is either set or removed');
export type TagChange = z.infer<typeof TagChange>;

/** What the manager itself may tell an app of a device to do; other verbs want a person's key. */
export const UiVerb = z.enum(['app.start', 'app.stop', 'app.restart']);
export type UiVerb = z.infer<typeof UiVerb>;
export const CommandState = z.enum(['sent', 'accepted', 'running', 'done', 'failed', 'refused', 'interrupted', 'unanswered']);
export type CommandState = z.infer<typeof CommandState>;
/** A command that was sent from here, and what the device answered so far. */
export const SentCommand = z
  .object({ id: CommandId, device: DeviceId, verb: UiVerb, app: AppName, state: CommandState, reason: Reason.nullable(), by: z.string(), sentAt: Time, endedAt: Time.nullable() })
  .meta({ id: 'SentCommand' });
export type SentCommand = z.infer<typeof SentCommand>;
