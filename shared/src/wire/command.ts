import * as z from 'zod';
import { AppName, CommandId } from '../core/index.ts';
import { Order } from './order.ts';
import { Reason } from './reported.ts';

/** Each verb's arguments, and whether it only reads: unsigned typing by hand works for read-only verbs everywhere. */
export const verbs = {
  ping: { args: z.strictObject({}), readOnly: true },
  status: { args: z.strictObject({}), readOnly: true },
  'app.start': { args: z.strictObject({ app: AppName }), readOnly: false },
  'app.stop': { args: z.strictObject({ app: AppName }), readOnly: false },
  'app.restart': { args: z.strictObject({ app: AppName }), readOnly: false },
} as const;
export type Verb = keyof typeof verbs;
export const verbNames = Object.keys(verbs) as Verb[];

/**
 * A command as a person types it. Without `id` the device makes one up; `ttl` is how many seconds the sender waits for an
 * answer, and binds nobody else: a device's clock proves nothing. `by` is shown as claimed.
 */
export const Command = z.strictObject({
  id: CommandId.optional(),
  cmd: z.string().min(1).max(64),
  args: z.record(z.string(), z.json()).default({}),
  ttl: z.int().min(1).max(86_400).optional(),
  by: z.string().max(128).optional(),
});
export type Command = z.infer<typeof Command>;

/** The same inside an envelope: bound to one device, numbered (milliseconds of the sender), its id given. */
export const SignedCommand = z.strictObject({
  device: z.string(),
  id: CommandId,
  cmd: z.string().min(1).max(64),
  args: z.record(z.string(), z.json()).default({}),
  ttl: z.int().min(1).max(86_400).optional(),
  number: z.int().min(0),
});
export type SignedCommand = z.infer<typeof SignedCommand>;

export const CommandPhase = z.enum(['accepted', 'running', 'done', 'failed', 'refused', 'interrupted']);
export type CommandPhase = z.infer<typeof CommandPhase>;

/** What has become of a command; `n` rises with each message about it, final ones are re-sent until acknowledged. */
export const CommandState = z.object({
  ...Order.shape,
  id: CommandId,
  n: z.int().min(1),
  state: CommandPhase,
  by: z.string().max(256).optional(),
  result: z.record(z.string(), z.json()).optional(),
  error: Reason.optional(),
});
export type CommandState = z.infer<typeof CommandState>;

export function isFinal(phase: CommandPhase): boolean {
  return phase !== 'accepted' && phase !== 'running';
}
