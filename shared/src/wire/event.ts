import * as z from 'zod';
import { AppName, Digest } from '../core/index.ts';
import { LineRef } from '../capability/index.ts';
import { Order } from './order.ts';

export const eventTypes = ['desired.refused', 'artifact.refused', 'app.trapped', 'app.exited', 'app.failed', 'app.rolled-back', 'safe-state', 'command.refused'] as const;

/** A rare fact worth keeping; re-sent until acknowledged. `type` stays open: agents may be newer than the manager. */
export const Event = z.object({
  ...Order.shape,
  type: z.string().min(1).max(64),
  app: AppName.optional(),
  digest: Digest.optional(),
  attempt: z.int().min(1).optional(),
  code: z.string().max(64).optional(),
  reason: z.string().max(1_000).optional(),
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

/** "Committed", for the message of this order: the device need not send it again. */
export const Ack = z.strictObject({ gen: z.int().min(0), boot: z.int().min(0), seq: z.int().min(0) });
export type Ack = z.infer<typeof Ack>;

/** A manager's start: a new epoch asks all devices to announce themselves, each after a random delay. */
export const ManagerBirth = z.object({ online: z.boolean(), epoch: z.string().min(1).max(64) });
export type ManagerBirth = z.infer<typeof ManagerBirth>;
