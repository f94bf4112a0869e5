/** The command that does what the form does: pure. */
import type { RolloutPlan, WavePlan } from '@pier/shared/api';
import { shellWord } from '../../words/index.ts';

/** `says` where there is no command for it, and why. */
export type Command = { readonly text: string } | { readonly says: string };

const unless = { soakS: 60, deadlineS: 600, maxInFlight: 500, horizonS: 86_400, success: 100, failure: 0, sample: 1, present: 50 } as const;

/** `pier rollout start …`, with only what is not so by itself. What a shell would read otherwise is quoted. */
export function commandOf(plan: RolloutPlan): Command {
  if (plan.horizonS !== unless.horizonS) return { says: 'The command has no option for how long a late failure reopens a wave; it always says 24 h.' };
  if (plan.waves.some(({ take }) => take.by === 'selector' && take.selector.includes(';'))) return { says: 'A wave of the command cannot hold a selector with ";".' };
  const words = [
    './pier', 'rollout', 'start', plan.release,
    ...(plan.selector === undefined ? [] : ['-l', plan.selector]),
    ...plan.waves.flatMap((wave) => ['--wave', waveText(wave)]),
    ...(plan.name === undefined ? [] : ['--name', plan.name]),
    ...(plan.mode === 'dynamic' ? ['--dynamic'] : []),
    ...(plan.soakS === unless.soakS ? [] : ['--soak', String(plan.soakS)]),
    ...(plan.deadlineS === unless.deadlineS ? [] : ['--deadline', String(plan.deadlineS)]),
    ...(plan.maxInFlight === unless.maxInFlight ? [] : ['--max-in-flight', String(plan.maxInFlight)]),
    ...(plan.onFailure === 'pause' ? [] : ['--on-failure', plan.onFailure]),
    // Last: it takes all words that follow.
    ...(plan.devices === undefined ? [] : ['--device', ...plan.devices]),
  ];
  return { text: words.map(shellWord).join(' ') };
}

/** A wave as it is typed: `10%;success=95;manual`. */
export function waveText({ take, gate, soakS, advance }: WavePlan): string {
  const which = take.by === 'count' ? String(take.count) : take.by === 'percent' ? `${take.percent}%` : take.by === 'selector' ? take.selector : 'rest';
  return [
    which,
    ...(gate.successPercent === unless.success ? [] : [`success=${gate.successPercent}`]),
    ...(gate.failurePercent === unless.failure ? [] : [`failure=${gate.failurePercent}`]),
    ...(gate.failureSampleMin === unless.sample ? [] : [`sample=${gate.failureSampleMin}`]),
    ...(gate.presentPercent === unless.present ? [] : [`present=${gate.presentPercent}`]),
    ...(soakS === undefined ? [] : [`soak=${soakS}`]),
    ...(advance === 'manual' ? ['manual'] : []),
  ].join(';');
}
