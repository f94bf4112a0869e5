/**
 * Why a device does not run, proven, what is wanted of an app: one chain of checks, in the order in which the system makes
 * them. Each says what it saw; the first that holds the device up is the answer. Pure: facts in, words out.
 */
import { type Why, type WhyCode, whyReasons } from '@pier/shared/api';
import { admission, wanted, wantedRelease } from './checks/wanted.ts';
import { bindingsCover, capacity, documentFits, free, handedOver, notHeld, online, rolloutGoesOn, waveOpen } from './checks/turn.ts';
import { offerTaken, proof, work } from './checks/progress.ts';
import type { Check } from './checks/look.ts';
import type { WhyFacts } from './facts.ts';

export const chain: readonly { readonly check: string; readonly look: Check }[] = [
  { check: 'the device is let in', look: admission },
  { check: 'something is wanted', look: wanted },
  { check: 'the release may be offered', look: wantedRelease },
  { check: 'the rollout goes on', look: rolloutGoesOn },
  { check: 'its wave is open', look: waveOpen },
  { check: 'the device is, or was, online', look: online },
  { check: 'no hand keeps rollouts away', look: handedOver },
  { check: 'nobody holds the app at the device', look: notHeld },
  { check: 'no other rollout is at work on it', look: free },
  { check: 'it takes up what it is offered', look: offerTaken.before },
  { check: 'bindings and policy cover what is asked for', look: bindingsCover },
  { check: 'what it should run fits into a message', look: documentFits },
  { check: 'the rollout has room', look: capacity },
  { check: 'the offer is taken up', look: offerTaken.now },
  { check: 'the work is done', look: work },
  { check: 'it has proved itself, and still runs', look: proof },
];

export type Answer = { readonly code: WhyCode; readonly remedy: string | null };

/** The answer alone, for counting many devices. */
export function answerOf(facts: WhyFacts): Answer {
  for (const { look } of chain) {
    const seen = look(facts);
    if (seen.verdict === 'holds') return { code: seen.code, remedy: seen.remedy ?? remedyOf(seen.code, facts) };
  }
  return { code: 'proven', remedy: null };
}

/** The whole chain for one device and app. */
export function whyOf(facts: WhyFacts): Why {
  let answer: Answer | undefined;
  const checks = chain.map(({ check, look }): Why['checks'][number] => {
    if (answer !== undefined) return { check, verdict: 'not_reached', evidence: '' };
    const seen = look(facts);
    if (seen.verdict === 'holds') answer = { code: seen.code, remedy: seen.remedy ?? remedyOf(seen.code, facts) };
    return { check, verdict: seen.verdict, evidence: seen.evidence };
  });
  const { code, remedy } = answer ?? { code: 'proven', remedy: null };
  return {
    device: facts.device.id,
    app: facts.app,
    rollout: facts.rollout?.facts.id ?? null,
    wanted: facts.wanted?.version ?? null,
    running: facts.reported?.running?.version ?? null,
    // Who was taken back runs what is wanted now, and had proved itself with it.
    updated: code === 'proven' || (code === 'rollout.rolled-back' && facts.wanted !== undefined && facts.reported?.running?.digest === facts.wanted.digest),
    code,
    sentence: whyReasons[code].sentence,
    remedy,
    checks,
  };
}

/** A reason's remedy with the names of this case in it. */
export function remedyOf(code: WhyCode, { device, app, rollout, wanted: release }: Pick<WhyFacts, 'app' | 'rollout' | 'wanted'> & { readonly device: { readonly id: string } }): string | null {
  // A remedy that acts on a rollout is none where no rollout is concerned.
  const { remedy } = whyReasons[code];
  if (rollout === undefined && remedy?.includes('{rollout}')) return `pier device assign ${device.id} ${app} ${release?.release ?? '<release>'}`;
  return filled(remedy, { device: device.id, app, rollout: rollout?.facts.id ?? '', release: release?.release ?? '<release>' });
}

export function filled(remedy: string | null, names: { readonly device: string; readonly app: string; readonly rollout: string; readonly release: string }): string | null {
  return remedy?.replaceAll('{device}', names.device).replaceAll('{app}', names.app).replaceAll('{rollout}', names.rollout).replaceAll('{release}', names.release) ?? null;
}
