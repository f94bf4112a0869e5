import * as z from 'zod';
import { AppName, Digest } from '../core/index.ts';
import { LineRef } from '../capability/index.ts';
import { Order } from './order.ts';

export const eventTypes = ['desired.refused', 'artifact.refused', 'app.trapped', 'app.exited', 'app.failed', 'app.rolled-back', 'safe-state', 'command.refused', 'app.held', 'app.released', 'port.gone', 'port.back', 'disk.full', 'disk.back', 'state.lost'] as const;

/** What the manager itself writes into a device's history. */
export const managerEventTypes = ['identity.conflict', 'identity.conflict-over'] as const;
export type ManagerEventType = (typeof managerEventTypes)[number];

/** A rare fact worth keeping; re-sent until acknowledged. `type` stays open: agents may be newer than the manager. */
export const Event = z.object({
  ...Order.shape,
  type: z.string().min(1).max(64),
  app: AppName.optional(),
  digest: Digest.optional(),
  attempt: z.int().min(1).optional(),
  code: z.string().max(64).optional(),
  reason: z.string().max(1_000).optional(),
  /** Of an app's end: its last lines, newest last, and the time from its end until its outputs were safe. */
  lastOutput: z.array(z.string().max(500)).max(20).optional(),
  safeMs: z.number().min(0).optional(),
});
export type Event = z.infer<typeof Event>;

/** A snapshot of the lines that apps hold; sent at most 10 times a second, only while a lease runs. */
export const Pins = z.object({
  ...Order.shape,
  lines: z
    .array(z.object({ ...LineRef.shape, name: z.string().max(64), app: AppName.nullable(), label: z.string().max(64), direction: z.enum(['in', 'out']), level: z.union([z.literal(0), z.literal(1)]), edges: z.number().min(0) }))
    .max(256),
});
export type Pins = z.infer<typeof Pins>;

/** Somebody looks at the pins: send them for so many seconds more. */
export const PinsLease = z.strictObject({ for: z.int().min(1).max(300) });
export type PinsLease = z.infer<typeof PinsLease>;

/** Somebody reads an app's log, or its telemetry: send what is kept and what comes for so many seconds more. */
export const AppLease = z.strictObject({ app: AppName, for: z.int().min(1).max(300) });
export type AppLease = z.infer<typeof AppLease>;

/**
 * Lines that an app wrote, sent only while a lease runs; the first batch of a lease holds what was kept before it.
 * `n` numbers the lines of one agent start, so that a line that comes twice is known, and a gap shows what was dropped.
 */
export const LogBatch = z.object({
  ...Order.shape,
  lines: z.array(z.object({ n: z.int().min(1), agoMs: z.number().min(0), stream: z.enum(['stdout', 'stderr']), text: z.string().max(2_000) })).max(200),
  /** Lines or bytes cut before the last of these, since the start. */
  dropped: z.number().min(0),
});
export type LogBatch = z.infer<typeof LogBatch>;

/** Samples of an app's series, sent only while a lease runs; `agoMs` because a device's clock proves nothing. `n` as in `LogBatch`. */
export const TelemetryBatch = z.object({
  ...Order.shape,
  samples: z.array(z.object({ n: z.int().min(1), agoMs: z.number().min(0), series: z.string().max(64), value: z.number() })).max(500),
  units: z.record(z.string().max(64), z.string().max(16)),
  dropped: z.number().min(0),
});
export type TelemetryBatch = z.infer<typeof TelemetryBatch>;

/** "Committed", for the message of this order: the device need not send it again. */
export const Ack = z.strictObject({ gen: z.int().min(0), boot: z.int().min(0), seq: z.int().min(0) });
export type Ack = z.infer<typeof Ack>;

/** A manager's start: a new epoch asks all devices to announce themselves, each after a random delay. */
export const ManagerBirth = z.object({ online: z.boolean(), epoch: z.string().min(1).max(64) });
export type ManagerBirth = z.infer<typeof ManagerBirth>;
