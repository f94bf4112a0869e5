/**
 * The attack this stops: a broken-into broker or manager that writes commands of its own, and old commands that are played
 * again. Pure: who asks, what the policy says and what was seen before go in, a verdict comes out.
 */
import type * as z from 'zod';
import { type DeviceId, type Verdict, accept, issuesOf, refuse } from '@pier/shared/core';
import { type Verb, verbs } from '@pier/shared/wire';
import type { TrustPolicy } from '@pier/shared/signing';
import type { Asked } from './decode.ts';

/** A verb with its arguments checked. */
export type Order = { readonly [V in Verb]: { readonly verb: V; readonly args: z.infer<(typeof verbs)[V]['args']> } }[Verb];

/** What a scheduler key may order beside `desired`; everything else that writes needs a person's key. */
const schedulerVerbs: ReadonlySet<string> = new Set(['app.start', 'app.stop', 'app.restart'] satisfies Verb[]);

/** How far below its key's highest number a command may be and still count; within it the journal of ids stops repeats, and its floor those that it has forgotten. */
export const staleMs = 5 * 60_000;

/** `lost`: the memory of ids was lost; what was signed before the floor may have been done. */
export type Standing = { readonly device: DeviceId; readonly policy: Pick<TrustPolicy, 'unsignedCommands'>; readonly highest: number | undefined; readonly floor?: number | undefined; readonly lost?: { readonly floor: number | null } | undefined };

/** Refused: `command-unknown`, `command-unsigned`, `command-stale`, `forbidden` (another device's, or not this key's to say), `input-invalid`. */
export function judgeCommand(asked: Asked, standing: Standing): Verdict<Order> {
  if (!Object.hasOwn(verbs, asked.cmd)) return refuse('command-unknown', `"${asked.cmd}" is no command of this agent; it knows ${Object.keys(verbs).join(', ')}`);
  const verb = asked.cmd as Verb;
  const allowed = asked.signed ? judgeSigned(verb, asked.signed, standing) : judgePlain(verb, standing);
  if (!allowed.ok) return allowed;
  const args = verbs[verb].args.safeParse(asked.args);
  if (!args.success) return refuse('input-invalid', `arguments of ${verb}: ${issuesOf(args.error)}`);
  // Verb and arguments were checked by the same row of the table.
  return accept({ verb, args: args.data } as Order);
}

function judgePlain(verb: Verb, { policy }: Standing): Verdict<true> {
  if (verbs[verb].readOnly || policy.unsignedCommands === 'allow') return accept(true);
  return refuse('command-unsigned', `"${verb}" changes the device and came unsigned; the policy takes unsigned commands only when they read`);
}

function judgeSigned(verb: Verb, signed: NonNullable<Asked['signed']>, { device, highest, floor, lost }: Standing): Verdict<true> {
  if (signed.device !== device) return refuse('forbidden', `the command was signed for device "${signed.device.slice(0, 63)}", this is "${device}"`);
  if (highest !== undefined && signed.number < highest - staleMs) return refuse('command-stale', `its number ${signed.number} is more than 5 minutes below ${highest}, the highest of its key`);
  if (floor !== undefined && signed.number <= floor) return refuse('command-stale', `its number ${signed.number} is not above ${floor}; what its key signed up to there is not remembered any more and may have been done`);
  if (lost && !verbs[verb].readOnly && (lost.floor === null || signed.number <= lost.floor)) return refuse('command-stale', `the device has lost its memory of commands, ${lost.floor === null ? 'and no document of what it should run has come since' : `and this one, numbered ${signed.number}, may be from before: it takes those above ${lost.floor}`}`);
  if (signed.role === 'scheduler' && !verbs[verb].readOnly && !schedulerVerbs.has(verb)) return refuse('forbidden', `a scheduler key may not order "${verb}"`);
  return accept(true);
}
