import * as z from 'zod';
import { AppName, Digest } from '../core/index.ts';
import { Order } from './order.ts';

/** Birth and heartbeat (every 60 s ± 20 %). `conn` is random per connection, so that a late will cannot undo a newer birth. */
export const PresenceOnline = z.object({
  ...Order.shape,
  online: z.literal(true),
  conn: z.string().min(1).max(64),
  agent: z.string().max(64),
  proto: z.int(),
  model: z.string().max(64),
  can: z.array(z.string().max(64)).max(64),
  rev: z.int().min(0),
  desired: Digest.nullable(),
  reported: Digest.nullable(),
  /** What each guest has used since its start. */
  usage: z.record(AppName, z.object({ cpuMs: z.number().min(0), memoryBytes: z.number().min(0), outputBytes: z.number().min(0) })).optional(),
});
/** The will: published by the broker when the connection is lost. */
export const PresenceOffline = z.object({ ...Order.shape, online: z.literal(false), conn: z.string().min(1).max(64) });
export const Presence = z.discriminatedUnion('online', [PresenceOnline, PresenceOffline]);
export type Presence = z.infer<typeof Presence>;

export const protocolVersion = 1;
export const heartbeatS = 60;
