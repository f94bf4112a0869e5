/** From the offer to the proof: what the device makes of it. */
import type { WhyCode } from '@pier/shared/api';
import { span, utc } from '../words.ts';
import { type Look, attemptOf, hold, pass, progressOf } from './look.ts';
import type { WhyFacts } from '../facts.ts';

const refusedDocument = ({ code, reason }: NonNullable<WhyFacts['desiredRefused']>): Look => hold('desired.refused', `the device says ${code}: ${reason}`);

export const offerTaken = {
  /** Of offers before: one that was not taken up is made again only after a while. */
  before: (facts: WhyFacts): Look => {
    const deployment = facts.rollout?.deployment;
    if (deployment?.state !== 'waiting' || deployment.retryMs === null || deployment.retryMs <= facts.nowMs) return pass(deployment && deployment.offers > 0 ? `${times(deployment.offers)} offered before` : 'no offer has failed');
    if (facts.desiredRefused) return refusedDocument(facts.desiredRefused);
    return hold('device.silent', `${times(deployment.offers)} offered and not taken up; offered again at ${utc(deployment.retryMs)}, in ${span(deployment.retryMs - facts.nowMs)}`);
  },
  now: (facts: WhyFacts): Look => {
    const state = progressOf(facts);
    if (state === 'waiting') return hold('at-work.due', 'nothing is in the way');
    if (state !== 'offered') return pass(`attempt ${attemptOf(facts)} was taken up`);
    if (facts.desiredRefused) return refusedDocument(facts.desiredRefused);
    return hold('at-work.offered', `attempt ${attemptOf(facts)} is offered ${sinceWords(facts)}`);
  },
} as const;

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function sinceWords({ rollout, assignment, nowMs }: WhyFacts): string {
  const sinceMs = rollout ? rollout.deployment.updatedMs : (assignment?.sinceMs ?? nowMs);
  const deadlineMs = rollout?.deployment.deadlineMs ?? null;
  return `since ${utc(sinceMs)}, ${span(nowMs - sinceMs)} ago${deadlineMs === null ? '' : `; its time is up at ${utc(deadlineMs)}`}`;
}

/** A wave may have a soak of its own. */
function soakWords({ rollout }: WhyFacts): string {
  if (!rollout) return '';
  const own = rollout.facts.waves.find(({ n }) => n === rollout.deployment.wave)?.plan.soakS;
  return ` for ${own ?? rollout.facts.soakS} s`;
}

/** What the device says is in its way, such as a registry that is down or a disk that is full. */
function troubleWords({ reported }: WhyFacts, state: string): string {
  return reported?.state === state && reported.reason ? `; the device says ${reported.reason.code}: ${reported.reason.reason}` : '';
}

export function work(facts: WhyFacts): Look {
  const state = progressOf(facts);
  if (state === 'accepted' || state === 'downloading' || state === 'verifying' || state === 'applying') return hold(`at-work.${state}`, `${state} ${sinceWords(facts)}${troubleWords(facts, state)}`);
  if (state === 'soaking') return hold('at-work.soaking', `soaking${soakWords(facts)} ${sinceWords(facts)}`);
  if (state === 'timed_out') return hold('timed-out', `${endOf(facts)} at ${utc(facts.rollout?.deployment.updatedMs ?? facts.nowMs)}`);
  return pass('the device came to an end with it');
}

export function proof(facts: WhyFacts): Look {
  const { rollout, reported } = facts;
  const state = progressOf(facts);
  const provenMs = rollout?.deployment.provenMs ?? null;
  if (state === 'refused') return hold('device.refused', endOf(facts));
  if (state === 'failed') {
    const code: WhyCode = provenMs === null ? 'app.failed' : 'app.regressed';
    return hold(code, provenMs === null ? endOf(facts) : `proven at ${utc(provenMs)}, then ${endOf(facts)}`);
  }
  // Past its horizon a regression moves no deployment any more; it is told all the same.
  const failed = reported?.attempt === attemptOf(facts) && (reported?.state === 'failed' || reported?.state === 'refused');
  if (failed) return hold('app.regressed', `the device says ${reported.reason ? `${reported.reason.code}: ${reported.reason.reason}` : 'that it failed'}`);
  return pass(provenMs === null ? 'the device says that it is proven' : `proven at ${utc(provenMs)}`);
}

function endOf({ rollout, reported }: WhyFacts): string {
  const reason = rollout ? rollout.deployment.reason : reported?.reason;
  return reason ? `${reason.code}: ${reason.reason}` : 'no reason was given';
}
