import * as z from 'zod';
import { AppName, DeviceId, Digest, Version } from '../core/index.ts';
import { Reason } from '../wire/index.ts';
import { Remark, SelectorText, Time } from './common.ts';

/** The state words are stored and shown alike. */
export const DeploymentState = z.enum([
  'waiting', 'offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'proven', 'failed', 'timed_out', 'refused',
  'excluded', 'cancelled', 'superseded', 'rolling_back', 'rolled_back', 'rollback_failed',
]);
export type DeploymentState = z.infer<typeof DeploymentState>;

/** The states in which a device is at work for a deployment: each has a deadline, and a device has one such deployment of an app. */
export const InFlightState = DeploymentState.extract(['offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back']);
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
    /** By when the step that it is at has to end; null unless it is at work. */
    deadlineAt: Time.nullable(),
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;

const Percent = z.number().min(0).max(100);

/**
 * When a wave has proved itself, and when it has failed. Shares are of the wave's devices without excluded ones; absent ones
 * (offline, not covered by a binding, held by hand) are counted apart, by `presentPercent`.
 */
export const Gate = z.strictObject({
  /** Share of the present devices that must be proven. */
  successPercent: Percent.default(100),
  /** The wave fails as soon as more than this share of its finished devices ended badly … */
  failurePercent: Percent.default(0),
  /** … of at least so many finished ones. */
  failureSampleMin: z.int().min(1).max(10_000).default(1),
  /** Share of the wave's devices that must be present for it to pass; at least one must in any case. */
  presentPercent: Percent.default(50),
});
export type Gate = z.infer<typeof Gate>;

export const WavePlan = z.strictObject({
  /** Which of the devices that no earlier wave took: so many, a share of all that are selected, those of a selector, or the rest. */
  take: z.discriminatedUnion('by', [
    z.strictObject({ by: z.literal('count'), count: z.int().min(1).max(100_000) }),
    z.strictObject({ by: z.literal('percent'), percent: z.number().gt(0).max(100) }),
    z.strictObject({ by: z.literal('selector'), selector: SelectorText }),
    z.strictObject({ by: z.literal('rest') }),
  ]),
  gate: Gate.prefault({}),
  /** Instead of the rollout's own. */
  soakS: z.int().min(0).max(7 * 86_400).optional(),
  /** Whether the next wave opens by itself once this one has passed. */
  advance: z.enum(['auto', 'manual']).default('auto'),
});
export type WavePlan = z.infer<typeof WavePlan>;

/** All that starts a rollout. The last wave takes the rest when none says so. */
export const RolloutPlan = z
  .strictObject({
    release: z.string().min(1).max(64),
    name: z.string().min(1).max(128).optional(),
    selector: SelectorText.optional(),
    devices: z.array(DeviceId).min(1).max(10_000).optional(),
    /** A dynamic rollout also takes devices that match later, and stays in force after its end. Only with a selector. */
    mode: z.enum(['static', 'dynamic']).default('static'),
    waves: z.array(WavePlan).min(1).max(100).prefault([{ take: { by: 'rest' } }]),
    soakS: z.int().min(0).max(7 * 86_400).default(60),
    deadlineS: z.int().min(5).max(86_400).default(600),
    maxInFlight: z.int().min(1).max(10_000).default(500),
    onFailure: z.enum(['pause', 'roll_back']).default('pause'),
    /** How long a proven device that fails later reopens its wave. */
    horizonS: z.int().min(0).max(30 * 86_400).default(86_400),
  })
  .refine((plan) => (plan.selector === undefined) !== (plan.devices === undefined), 'either a selector or a list of devices is expected')
  .refine((plan) => plan.mode === 'static' || plan.selector !== undefined, 'a dynamic rollout needs a selector')
  .meta({ id: 'RolloutPlan' });
export type RolloutPlan = z.infer<typeof RolloutPlan>;

export const RolloutState = z.enum(['awaiting_approval', 'denied', 'running', 'paused', 'completed', 'aborting', 'aborted', 'rolling_back', 'rolled_back']);
export type RolloutState = z.infer<typeof RolloutState>;
/** Who paused it: only an operator leaves `gate` and `trust`. */
export const PauseCause = z.enum(['operator', 'gate', 'trust']);
export type PauseCause = z.infer<typeof PauseCause>;
export const WaveState = z.enum(['pending', 'active', 'soaking', 'passed', 'failed', 'reopened']);
export type WaveState = z.infer<typeof WaveState>;

export const WaveView = z.object({
  n: z.int(),
  state: WaveState,
  plan: WavePlan,
  total: z.int(),
  counts: z.partialRecord(DeploymentState, z.int()),
  /** Of the waiting ones, those that could not be offered anything now. */
  absent: z.int(),
  openedAt: Time.nullable(),
  passedAt: Time.nullable(),
});
export type WaveView = z.infer<typeof WaveView>;

export const Rollout = z
  .object({
    id: z.string(),
    name: z.string(),
    release: z.string(),
    app: AppName,
    version: Version,
    digest: Digest,
    state: RolloutState,
    cause: PauseCause.nullable(),
    reason: Reason.nullable(),
    selector: z.string().nullable(),
    mode: z.enum(['static', 'dynamic']),
    soakS: z.int(),
    deadlineS: z.int(),
    maxInFlight: z.int(),
    onFailure: z.enum(['pause', 'roll_back']),
    horizonS: z.int(),
    /** Also in the header ETag; changes want it in If-Match. */
    revision: z.int(),
    waves: z.array(WaveView),
    createdBy: z.string(),
    decidedBy: z.string().nullable(),
    createdAt: Time,
    finishedAt: Time.nullable(),
  })
  .meta({ id: 'Rollout' });
export type Rollout = z.infer<typeof Rollout>;

const act = <V extends string, S extends z.ZodRawShape>(verb: V, shape: S) => z.strictObject({ verb: z.literal(verb), ...shape, remark: Remark });
const Devices = z.array(DeviceId).min(1).max(10_000);

/** What an operator does to a rollout; each is refused with `verb-unfit` in a state that it does not fit. */
export const RolloutAct = z
  .discriminatedUnion('verb', [
    act('approve', {}),
    act('deny', {}),
    act('pause', {}),
    act('resume', {}),
    /** Opens the next wave though the present one has not passed. */
    act('advance', {}),
    /** Takes offers back and ends it; devices at work finish. What runs stays. */
    act('abort', {}),
    /** Lets failed, refused and timed out devices try again; all of them, or these. */
    act('retry', { devices: Devices.optional() }),
    act('exclude', { devices: Devices }),
    /** Brings every device back to what it ran before, the last wave first. */
    act('roll_back', {}),
    act('set_cap', { maxInFlight: z.int().min(1).max(10_000) }),
  ])
  .meta({ id: 'RolloutAct' });
export type RolloutAct = z.infer<typeof RolloutAct>;
export type RolloutVerb = RolloutAct['verb'];
export const rolloutVerbs = ['approve', 'deny', 'pause', 'resume', 'advance', 'abort', 'retry', 'exclude', 'roll_back', 'set_cap'] as const satisfies readonly RolloutVerb[];

/** What a verb would do now, before it is done. */
export const VerbPreview = z.object({ verb: z.enum(rolloutVerbs), possible: z.boolean(), /** Devices that it hits. */ devices: z.int(), sentence: z.string() }).meta({ id: 'VerbPreview' });
export type VerbPreview = z.infer<typeof VerbPreview>;

const Named = z.object({ code: z.string(), sentence: z.string(), count: z.int(), /** The first few. */ devices: z.array(DeviceId) });

/** What a rollout would do, before it is started. */
export const Forecast = z
  .object({
    app: AppName,
    version: Version,
    devices: z.int(),
    online: z.int(),
    waves: z.array(z.object({ n: z.int(), devices: z.int() })),
    /** All that devices without this artifact will fetch. */
    bytes: z.number(),
    /** Selected, but never part of it, and why. */
    leftOut: z.array(Named),
    /** Part of it, but they would wait at the start, and why. */
    wouldWait: z.array(Named),
    /** Set when a second person has to approve it, or somebody has to bind first. */
    needsApproval: Reason.nullable(),
  })
  .meta({ id: 'Forecast' });
export type Forecast = z.infer<typeof Forecast>;

/** What the devices that ended badly have in common, against those that are proven: the facts that tell them apart first. */
export const Contrast = z
  .object({ badly: z.int(), proven: z.int(), facts: z.array(z.object({ fact: z.string(), value: z.string(), badly: z.int(), proven: z.int() })) })
  .meta({ id: 'Contrast' });
export type Contrast = z.infer<typeof Contrast>;

/** How many of its devices were proven, and how many had ended badly, at up to 200 moments from its start until now. */
export const Progress = z.object({ total: z.int(), points: z.array(z.object({ at: Time, proven: z.int(), badly: z.int() })) }).meta({ id: 'Progress' });
export type Progress = z.infer<typeof Progress>;
