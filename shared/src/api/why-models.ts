import * as z from 'zod';
import { AppName, DeviceId } from '../core/index.ts';

/** One look of the chain: passed, the one that holds it up, or not come to yet. */
export const WhyCheck = z.object({ check: z.string(), verdict: z.enum(['passed', 'holds', 'not_reached']), evidence: z.string() });

/** Why a device does not run, proven, what is wanted of an app: the checks in the order in which they are made. */
export const Why = z
  .object({
    device: DeviceId,
    app: AppName,
    rollout: z.string().nullable(),
    /** Version wanted and version running; null where there is none. */
    wanted: z.string().nullable(),
    running: z.string().nullable(),
    updated: z.boolean(),
    code: z.string(),
    sentence: z.string(),
    remedy: z.string().nullable(),
    checks: z.array(WhyCheck),
  })
  .meta({ id: 'Why' });
export type Why = z.infer<typeof Why>;

/** The devices of a rollout that are not proven, by reason; the counts add up to total less proven. */
export const WhyCounts = z
  .object({ total: z.int(), proven: z.int(), reasons: z.array(z.object({ code: z.string(), sentence: z.string(), remedy: z.string().nullable(), count: z.int(), devices: z.array(DeviceId) })) })
  .meta({ id: 'WhyCounts' });
export type WhyCounts = z.infer<typeof WhyCounts>;
