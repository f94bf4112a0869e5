/** Whether it is the device's turn, and whether it could take an offer: in the order in which the engine looks. */
import { bindCommand, span, utc } from '../words.ts';
import { type Look, alreadyOffered, hold, isUnderWay, pass, progressOf } from './look.ts';
import type { RolloutFacts, WaveFacts, WhyFacts } from '../facts.ts';

export function rolloutGoesOn(facts: WhyFacts): Look {
  const passed = alreadyOffered(facts);
  if (passed || !facts.rollout) return passed ?? pass('no rollout is concerned');
  const { id, state, cause, reason } = facts.rollout.facts;
  const because = reason ? `: ${reason.reason}` : '';
  switch (state) {
    case 'awaiting_approval':
      return waitsForApproval(facts, `rollout ${id} waits for approval${because}`, id);
    case 'denied':
      return hold('rollout.denied', `rollout ${id} was denied${because}`);
    case 'paused':
      return hold(cause === 'gate' ? 'rollout.paused-gate' : cause === 'trust' ? 'rollout.paused-trust' : 'rollout.paused-operator', `rollout ${id} is paused by ${cause ?? 'operator'}${because}`);
    case 'aborting':
    case 'aborted':
      return hold('rollout.aborted', `rollout ${id} is ${state}${because}`);
    case 'rolling_back':
    case 'rolled_back':
      return hold('rollout.rolled-back', `rollout ${id} is ${state.replace('_', ' ')}${because}`);
    case 'running':
    case 'completed':
      return pass(`rollout ${id} is ${state}`);
    default:
      return state satisfies never;
  }
}

/** Approval alone would not do where something is not bound: that is said first, as it can be mended meanwhile. */
function waitsForApproval(facts: WhyFacts, evidence: string, id: string): Look {
  const cover = bindingsCover(facts);
  if (cover.verdict === 'passed') return hold('rollout.approval', evidence);
  const remedy = cover.remedy === undefined ? undefined : `${cover.remedy}; then: pier rollout approve ${id}`;
  return hold('rollout.approval', `${evidence}; and then it would wait again (${cover.code}): ${cover.evidence}`, remedy);
}

export function waveOpen(facts: WhyFacts): Look {
  const passed = alreadyOffered(facts);
  if (passed || !facts.rollout) return passed ?? pass('no rollout is concerned');
  const { facts: rollout, deployment } = facts.rollout;
  const own = rollout.waves.find(({ n }) => n === deployment.wave);
  const first = rollout.waves.find(({ state }) => state !== 'passed');
  if (!own || !first || own.n < first.n) return pass(`wave ${deployment.wave} has passed`);
  if (own.n === first.n && own.state === 'pending') return opensNext(own, rollout);
  if (own.n === first.n && (own.state === 'active' || own.state === 'soaking')) return pass(`wave ${own.n} is open`);
  return waitsFor(own, first);
}

/** All waves before it have passed. */
function opensNext({ n }: WaveFacts, { waves }: RolloutFacts): Look {
  const before = waves.findLast((wave) => wave.n < n);
  if (before?.plan.advance === 'manual') return hold('rollout.wave-manual', `wave ${before.n} has passed; wave ${n} is opened by a person`);
  return hold('rollout.wave-pending', `wave ${n} opens within a second or two`);
}

/** Waves behind one that has not passed, or holds no longer, wait with it. */
function waitsFor(own: WaveFacts, first: WaveFacts): Look {
  const { successPercent, presentPercent } = first.plan.gate;
  const which = own.n === first.n ? `wave ${own.n} goes on` : `wave ${own.n} opens when wave ${first.n} has passed`;
  return hold('rollout.wave-pending', `${which}, with ${successPercent} % of its present devices proven and at least ${presentPercent} % present; wave ${first.n} is ${first.state}, with ${first.proven} proven of ${first.total}`);
}

export function online(facts: WhyFacts): Look {
  const { device, nowMs } = facts;
  const state = progressOf(facts);
  const seen = device.lastSeenMs === null ? 'never seen yet' : `last seen at ${utc(device.lastSeenMs)}, ${span(nowMs - device.lastSeenMs)} ago`;
  if (state !== 'waiting' && !isUnderWay(state)) return pass(`it has done its part${device.online ? '' : `; it is offline now, ${seen}`}`);
  if (device.online) return pass(seen);
  if (device.awaitedSinceMs !== null) return hold('device.awaited', `${seen}; the manager started at ${utc(device.awaitedSinceMs)}, ${span(nowMs - device.awaitedSinceMs)} ago, and it has not come back yet`);
  return hold('device.offline', `it is offline, ${seen}${state === 'waiting' ? '' : `; it was ${state.replace('_', ' ')} then`}`);
}

/** Rollouts take no device whose app a person assigned; the assignment is then all that is wanted, until it is given back. */
export function handedOver({ rollout, assignment, leftOutOf }: WhyFacts): Look {
  if (!assignment?.byHand) return pass('no person assigned it');
  const byHand = `${assignment.setBy} assigned it at ${utc(assignment.sinceMs)}`;
  if (rollout?.deployment.state === 'waiting') return hold('assigned.by-hand', byHand);
  return leftOutOf ? hold('assigned.by-hand', `${byHand}; rollout ${leftOutOf.rollout} of ${leftOutOf.version} came later and left it out`) : pass(byHand);
}

/** A new attempt ends what a person holds at the device: only an offer that is not made yet, or is taken up, is kept from running. */
export function notHeld(facts: WhyFacts): Look {
  const { reported } = facts;
  const state = progressOf(facts);
  const counts = state === 'waiting' || state === 'proven' || (isUnderWay(state) && state !== 'offered');
  const held = counts ? reported?.hold : undefined;
  if (!held) return pass('no hold is reported');
  const until = `by ${held.by}, for ${span(held.forS * 1_000)} from its start`;
  if (held.kind === 'stopped') return hold('app.held', `stopped ${until}`);
  return hold('app.deployed-by-hand', `another release${held.digest === undefined ? '' : ` (${held.digest.slice(0, 19)}…)`} deployed ${until}`);
}

export function free(facts: WhyFacts): Look {
  const passed = alreadyOffered(facts);
  if (passed || !facts.rollout) return passed ?? pass('no rollout is concerned');
  const { busyWith } = facts.rollout;
  return busyWith === null ? pass('it is free') : hold('device.busy', `it is at work for rollout ${busyWith}`, `pier rollout show ${busyWith}`);
}

/** An assignment without a rollout goes to the device whatever is bound; what is not covered is then refused there. */
export function bindingsCover(facts: WhyFacts): Look {
  const { device, app, consent } = facts;
  const state = progressOf(facts);
  if (state !== 'waiting' && (facts.rollout || state !== 'offered')) return pass('they covered it when it was offered');
  const refusal = consent.uncovered();
  if (!refusal) return pass('all that is asked for is bound and allowed');
  if (refusal.code === 'scope-unmatched') return hold('policy.scope', refusal.reason);
  const [asks, withheld] = [consent.asks(), consent.withheld()];
  if (withheld.length > 0) return hold('capability.mode', refusal.reason, `Allow ${withheld.join(' and ')} in the scope of the policy: pier policy sign, then pier policy push`);
  const remedy = asks && bindCommand({ device: device.id, app, asks, bindings: consent.bindings() });
  const code = refusal.code === 'capability.mode' || refusal.code === 'capability.reserved' ? refusal.code : 'capability.unbound';
  return hold(code, refusal.reason, remedy);
}

/** Found by the engine when it was about to offer, and told until it finds otherwise. */
export function documentFits(facts: WhyFacts): Look {
  const passed = alreadyOffered(facts);
  const reason = facts.rollout?.deployment.reason;
  if (passed || reason?.code !== 'device.document-too-large') return passed ?? pass('nothing says otherwise');
  return hold(reason.code, reason.reason);
}

export function capacity(facts: WhyFacts): Look {
  const passed = alreadyOffered(facts);
  if (passed || !facts.rollout) return passed ?? pass('no rollout is concerned');
  const { inFlight, maxInFlight } = facts.rollout.facts;
  const seen = `${inFlight} of at most ${maxInFlight} devices are at work`;
  return inFlight >= maxInFlight ? hold('rollout.capacity', seen) : pass(seen);
}
