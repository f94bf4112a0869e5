import * as z from 'zod';
import { AppName, CommandId, Digest } from '../core/index.ts';
import { Order } from './order.ts';
import { Reason } from './reported.ts';

/** A shell sends words; what is a number is read as one. */
const Seconds = (max: number) => z.coerce.number().pipe(z.int().min(1).max(max));
const dayS = 86_400;

/** Each verb's arguments, and whether it only reads: unsigned typing by hand works for read-only verbs everywhere. */
export const verbs = {
  ping: { args: z.strictObject({}), readOnly: true },
  status: { args: z.strictObject({}), readOnly: true },
  /** The last lines that an app wrote; `lines` at most, newest last. */
  'app.logs': { args: z.strictObject({ app: AppName, lines: z.coerce.number().pipe(z.int().min(1).max(200)).default(50) }), readOnly: true },
  /** Level of a line, by its label in an app or by its name on the board (`GPIO17`); only lines that an app holds can be read. */
  'gpio.read': { args: z.strictObject({ line: z.string().min(1).max(64), app: AppName.optional() }), readOnly: true },
  'app.start': { args: z.strictObject({ app: AppName }), readOnly: false },
  /** Stops an app for `forS` seconds, or until `app.start` or a new attempt. */
  'app.stop': { args: z.strictObject({ app: AppName, forS: Seconds(7 * dayS).default(dayS) }), readOnly: false },
  'app.restart': { args: z.strictObject({ app: AppName }), readOnly: false },
  /**
   * Runs another release of an app that the device has, for `forS` seconds or until `app.start` or a new attempt: verified
   * like any other, under the bindings that the app has. Afterwards the device goes back to what is desired.
   */
  'app.deploy': { args: z.strictObject({ app: AppName, digest: Digest, repository: z.string().min(1).max(255).optional(), forS: Seconds(7 * dayS).default(3_600) }), readOnly: false },
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
