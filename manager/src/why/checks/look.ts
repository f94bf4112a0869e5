import { type DeploymentState, type WhyCode, InFlightState } from '@pier/shared/api';
import type { WhyFacts } from '../facts.ts';

/** What one check saw: nothing in the way, or what is, with a remedy where it knows a better one than the table. */
export type Look = { readonly verdict: 'passed'; readonly evidence: string } | { readonly verdict: 'holds'; readonly evidence: string; readonly code: WhyCode; readonly remedy?: string };
export type Check = (facts: WhyFacts) => Look;

export const pass = (evidence: string): Look => ({ verdict: 'passed', evidence });
export const hold = (code: WhyCode, evidence: string, remedy?: string): Look => ({ verdict: 'holds', code, evidence, ...(remedy === undefined ? {} : { remedy }) });

/**
 * How far the device is with what is wanted. In a rollout its deployment says so; of an assignment without one, what the
 * device reports of that very attempt: until it does, the document that names it has not been taken up.
 */
export function progressOf({ rollout, assignment, reported, wanted }: WhyFacts): DeploymentState {
  if (rollout) return rollout.deployment.state;
  const taken = reported?.attempt !== undefined && reported.attempt === assignment?.attempt && reported.digest === wanted?.digest;
  return (taken ? reported.state : undefined) ?? 'offered';
}

/** Offered or at work: the device has it in hand, or is about to. */
export function isUnderWay(state: DeploymentState): boolean {
  return InFlightState.safeParse(state).success;
}

/** The attempt that counts for this device. */
export function attemptOf({ rollout, assignment }: WhyFacts): number | null {
  return rollout ? rollout.deployment.attempt : (assignment?.attempt ?? null);
}

/** Why checks that guard an offer do not matter any more. */
export function alreadyOffered(facts: WhyFacts): Look | undefined {
  if (!facts.rollout) return pass('no rollout is concerned');
  if (facts.rollout.deployment.state === 'waiting') return undefined;
  const attempt = attemptOf(facts);
  return pass(attempt === null ? 'it was offered' : `it was offered under attempt ${attempt}`);
}
