/** What may be sent to a device under the manager's own key, and how the answers move a command. Pure. */
import type { CommandState } from '@pier/shared/api';
import { type Verdict, accept, refuse } from '@pier/shared/core';

/** A device that answers at all answers at once; a restart with a start-up of its own takes seconds. */
export const answerWithinS = 60;
/** Commands of one device that have not ended. */
export const openMax = 20;

const ends = ['done', 'failed', 'refused', 'interrupted'] as const satisfies readonly CommandState[];

/** Where a command may go from where it is: forward only. A late end is an end: a device that was cut off sends it until it is heard. */
export const transitions = {
  sent: ['accepted', 'running', ...ends, 'unanswered'],
  accepted: ['running', ...ends, 'unanswered'],
  running: [...ends, 'unanswered'],
  unanswered: ends,
  done: [],
  failed: [],
  refused: [],
  interrupted: [],
} as const satisfies Record<CommandState, readonly CommandState[]>;

export function mayAdvance(from: CommandState, to: CommandState): boolean {
  const reachable: readonly CommandState[] = transitions[from];
  return reachable.includes(to);
}

export function isEnd(state: CommandState): boolean {
  return state === 'unanswered' || transitions[state].length === 0;
}

export type Addressee = { readonly device: string; readonly app: string; readonly state: string; readonly online: boolean; readonly hasApp: boolean; readonly open: number };

/** Refused: `device-pending`, `device-revoked`, `app-unknown`, `unreachable`, `too-many-requests`. */
export function judgeSending({ device, app, state, online, hasApp, open }: Addressee): Verdict<true> {
  if (state === 'pending') return refuse('device-pending', `device "${device}" waits to be let in; it takes no commands before`);
  if (state !== 'active') return refuse('device-revoked', `device "${device}" is ${state}; nothing is sent to it any more`);
  if (!hasApp) return refuse('app-unknown', `device "${device}" has no app "${app}": none is assigned to it, and it reports none`);
  // A command is an edge: what nobody hears must not act hours later.
  if (!online) return refuse('unreachable', `device "${device}" is offline; a command is not kept for it, so send it again once the device is back`);
  if (open >= openMax) return refuse('too-many-requests', `${open} commands to device "${device}" have not ended; at most ${openMax} are under way at once`);
  return accept(true);
}

/** The number of the next command of a device: the present millisecond, and above all that were sent to it, whatever the clock does. */
export function nextNumber({ previous, nowMs }: { previous: number; nowMs: number }): number {
  return Math.max(nowMs, previous + 1);
}
