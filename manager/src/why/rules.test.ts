import { describe, expect, test } from 'vitest';
import { type WhyCode, WavePlan, whyCodes, whyReasons } from '@pier/shared/api';
import { Asks, type CapabilityKind } from '@pier/shared/capability';
import { AppName, DeviceId } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import type { AssignmentFacts, DeploymentFacts, RolloutFacts, WaveFacts, WhyFacts } from './facts.ts';
import { answerOf, chain, whyOf } from './rules.ts';

const nowMs = Date.UTC(2026, 10, 21, 14, 30);
const agoMs = (minutes: number): number => nowMs - minutes * 60_000;
const digest = digestOf('2.0.0');

const wave = (n: number, state: WaveFacts['state'], more: Partial<WaveFacts> = {}): WaveFacts => ({ n, state, plan: WavePlan.parse({ take: { by: 'rest' } }), total: 1, proven: state === 'passed' ? 1 : 0, ...more });

const rollout: RolloutFacts = { id: 'rollout-2', state: 'running', cause: null, reason: null, soakS: 60, maxInFlight: 10, inFlight: 0, waves: [wave(1, 'active')] };
const deployment: DeploymentFacts = { wave: 1, state: 'waiting', attempt: null, reason: null, updatedMs: agoMs(3), deadlineMs: null, offers: 0, retryMs: null, provenMs: null };
const wanted = { release: 'rel-2', version: '2.0.0', digest, state: 'verified', reason: null } as const;
const assignment: AssignmentFacts = { attempt: 4, byHand: true, setBy: 'ada', sinceMs: agoMs(10) };
const reported = { attempt: 4, digest, state: 'proven', running: { digest, version: '2.0.0', counter: 2, restarts: 0, sinceMs: 1 } } as const;

type Change = {
  device?: Partial<WhyFacts['device']>; rollout?: Partial<RolloutFacts> | null; deployment?: Partial<DeploymentFacts>; busyWith?: string | null;
  withheld?: readonly CapabilityKind[];
  uncovered?: 'capability.unbound' | 'capability.mode' | 'capability.reserved' | 'scope-unmatched';
} & Partial<Omit<WhyFacts, 'device' | 'rollout' | 'consent'>>;

function facts({ device, rollout: of, deployment: row, busyWith = null, uncovered, withheld = [], ...rest }: Change = {}): WhyFacts {
  return {
    nowMs,
    device: { id: DeviceId.parse('pi-1'), state: 'active', online: true, lastSeenMs: agoMs(1), awaitedSinceMs: null, alarm: null, ...device },
    app: AppName.parse('blink'),
    wanted,
    rollout: of === null ? undefined : { facts: { ...rollout, ...of }, deployment: { ...deployment, ...row }, busyWith },
    assignment: undefined,
    reported: undefined,
    desiredRefused: undefined,
    consent: {
      asks: () => Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }, { label: 'button', mode: 'in' }], serial: [{ label: 'meter', baud: [9600] }], storage: [{ label: 'data', path: '/data', maxBytes: 500 }] }),
      bindings: () => ({ led: { kind: 'gpio', chip: 'chip', line: 17, modes: ['out'] } }),
      withheld: () => withheld,
      uncovered: () => uncovered && { code: uncovered, reason: `because of ${uncovered}` },
    },
    ...rest,
  };
}

const working = { attempt: 4, deadlineMs: agoMs(-5) };
const held = (kind: 'stopped' | 'deployed') => ({ ...reported, hold: { kind, by: 'bob', forS: 3_600, ...(kind === 'deployed' ? { digest: digestOf('other') } : {}) } });
const reason = { code: 'guest-trapped', reason: 'unreachable executed' };
const noRollout = { rollout: null, assignment } as const;

/** What makes each reason the answer, and what its evidence must say. */
const cases: readonly [WhyCode, Change, RegExp][] = [
  ['proven', { deployment: { state: 'proven', attempt: 4, provenMs: agoMs(2) }, reported }, /proven at 2026-11-21 14:28 UTC/],
  ['proven', { deployment: { state: 'proven', attempt: 4, provenMs: agoMs(2) }, device: { online: false } }, /proven at/],
  ['proven', { ...noRollout, reported }, /the device says that it is proven/],
  ['device.pending', { device: { state: 'pending' }, rollout: null, wanted: undefined }, /nobody has answered/],
  ['device.revoked', { device: { state: 'revoked' } }, /ended the trust/],
  ['identity-conflict', { device: { alarm: { code: 'identity-conflict', reason: 'from 10.0.0.1 and 10.0.0.2' } } }, /from 10\.0\.0\.1 and 10\.0\.0\.2/],
  ['identity-conflict', { device: { alarm: { code: 'identity-conflict', reason: 'two came' } }, deployment: { state: 'proven', attempt: 4 } }, /two came/],
  ['none-wanted', { rollout: null, wanted: undefined }, /no rollout has the device/],
  ['none-wanted', { rollout: null, wanted: undefined, assignment }, /ada took the app off it at 2026-11-21 14:20 UTC, by hand/],
  ['rollout.excluded', { deployment: { state: 'excluded', reason: { code: 'x', reason: 'ann: broken lamp' } } }, /excluded since 2026-11-21 14:27 UTC: ann: broken lamp/],
  ['rollout.superseded', { deployment: { state: 'superseded' } }, /superseded since/],
  ['rollout.aborted', { deployment: { state: 'cancelled' }, rollout: { state: 'aborted' } }, /cancelled since/],
  ['rollout.aborted', { rollout: { state: 'aborting' } }, /rollout-2 is aborting/],
  ['rollout.denied', { deployment: { state: 'cancelled' }, rollout: { state: 'denied' } }, /denied since/],
  ['rollout.denied', { rollout: { state: 'denied', reason: { code: 'x', reason: 'too early' } } }, /was denied: too early/],
  ['rollout.rolled-back', { deployment: { state: 'rolled_back' }, rollout: { state: 'rolled_back' } }, /rolled back since 2026-11-21 14:27 UTC, to 2\.0\.0/],
  ['rollout.rolled-back', { deployment: { state: 'rolled_back' }, rollout: { state: 'rolled_back' }, wanted: undefined }, /the app is taken off/],
  ['rollout.rolled-back', { deployment: { state: 'cancelled' }, rollout: { state: 'rolling_back' } }, /cancelled since/],
  ['rollout.rolled-back', { rollout: { state: 'rolling_back' } }, /rollout-2 is rolling back/],
  ['rolling-back', { deployment: { state: 'rolling_back' }, device: { online: false } }, /on its way back.*it is offline/],
  ['rollback-failed', { deployment: { state: 'rollback_failed', reason } }, /unreachable executed/],
  ['release.withdrawn', { wanted: { ...wanted, state: 'withdrawn', reason: { code: 'release-withdrawn', reason: 'ada withdrew it: burns lamps' } }, rollout: { state: 'paused', cause: 'trust' } }, /burns lamps/],
  ['release.unverified', { wanted: { ...wanted, state: 'rejected', reason: { code: 'unsigned', reason: 'nobody signed it' } }, rollout: { state: 'paused', cause: 'trust' } }, /unsigned: nobody signed it/],
  ['rollout.approval', { uncovered: 'capability.unbound', rollout: { state: 'awaiting_approval' } }, /waits for approval; and then it would wait again \(capability\.unbound\): because of/],
  ['rollout.approval', { rollout: { state: 'awaiting_approval', reason: { code: 'x', reason: 'above 5 devices' } } }, /waits for approval: above 5 devices/],
  ['rollout.paused-operator', { rollout: { state: 'paused', cause: 'operator' } }, /paused by operator/],
  ['rollout.paused-gate', { rollout: { state: 'paused', cause: 'gate', reason: { code: 'x', reason: '1 of 1 failed' } } }, /paused by gate: 1 of 1 failed/],
  ['rollout.paused-trust', { rollout: { state: 'paused', cause: 'trust' } }, /paused by trust/],
  ['rollout.wave-pending', { deployment: { wave: 2 }, rollout: { waves: [wave(1, 'active', { total: 3, proven: 1 }), wave(2, 'pending')] } }, /wave 2 opens when wave 1 has passed, with 100 % .* wave 1 is active, with 1 proven of 3/],
  ['rollout.wave-pending', { deployment: { wave: 3 }, rollout: { waves: [wave(1, 'passed'), wave(2, 'reopened'), wave(3, 'active')] } }, /wave 2 is reopened/],
  ['rollout.wave-pending', { rollout: { waves: [wave(1, 'failed')] } }, /wave 1 goes on.*wave 1 is failed/],
  ['rollout.wave-pending', { deployment: { wave: 2 }, rollout: { waves: [wave(1, 'passed'), wave(2, 'pending')] } }, /opens within a second/],
  ['rollout.wave-manual', { deployment: { wave: 2 }, rollout: { waves: [wave(1, 'passed', { plan: WavePlan.parse({ take: { by: 'count', count: 1 }, advance: 'manual' }) }), wave(2, 'pending')] } }, /opened by a person/],
  ['device.offline', { device: { online: false, lastSeenMs: agoMs(125) } }, /offline, last seen at 2026-11-21 12:25 UTC, 2 hours ago/],
  ['device.offline', { device: { online: false, lastSeenMs: null } }, /never seen yet/],
  ['device.offline', { device: { online: false }, deployment: { ...working, state: 'downloading' } }, /it was downloading then/],
  ['device.offline', { ...noRollout, device: { online: false } }, /offline/],
  ['device.awaited', { device: { online: false, lastSeenMs: agoMs(3), awaitedSinceMs: agoMs(1) } }, /last seen at 2026-11-21 14:27 UTC, 3 minutes ago; the manager started at 2026-11-21 14:29 UTC, 1 minute ago, and it has not come back yet/],
  ['device.awaited', { device: { online: false, awaitedSinceMs: agoMs(1) }, deployment: { ...working, state: 'downloading' } }, /not come back/],
  ['assigned.by-hand', { assignment }, /ada assigned it at/],
  ['assigned.by-hand', { ...noRollout, reported, leftOutOf: { rollout: 'rollout-3', version: '3.0.0' } }, /rollout-3 of 3.0.0 came later and left it out/],
  ['app.held', { reported: held('stopped') }, /stopped by bob, for 1 hour/],
  ['app.held', { reported: held('stopped'), deployment: { state: 'proven', attempt: 4 } }, /stopped by bob/],
  ['app.held', { reported: held('stopped'), deployment: { ...working, state: 'soaking' } }, /stopped by bob/],
  ['app.deployed-by-hand', { reported: held('deployed') }, /sha256:.*deployed by bob/],
  ['device.busy', { busyWith: 'rollout-1' }, /at work for rollout rollout-1/],
  ['device.silent', { deployment: { offers: 2, retryMs: agoMs(-4) } }, /2 times offered and not taken up; offered again at 2026-11-21 14:34 UTC, in 4 minutes/],
  ['desired.refused', { deployment: { offers: 1, retryMs: agoMs(-4) }, desiredRefused: { code: 'desired-stale', reason: 'older than mine' } }, /desired-stale: older than mine/],
  ['desired.refused', { deployment: { ...working, state: 'offered' }, desiredRefused: { code: 'desired-unsigned', reason: 'no key of mine' } }, /no key of mine/],
  ['policy.scope', { uncovered: 'scope-unmatched' }, /because of scope-unmatched/],
  ['capability.unbound', { uncovered: 'capability.unbound' }, /because of capability.unbound/],
  ['capability.unbound', { ...noRollout, uncovered: 'capability.unbound' }, /because of capability.unbound/],
  ['capability.mode', { uncovered: 'capability.mode' }, /because of capability.mode/],
  ['capability.reserved', { uncovered: 'capability.reserved' }, /because of capability.reserved/],
  ['device.document-too-large', { deployment: { reason: { code: 'device.document-too-large', reason: 'would not fit' } } }, /would not fit/],
  ['rollout.capacity', { rollout: { inFlight: 10 } }, /10 of at most 10 devices are at work/],
  ['at-work.due', {}, /nothing is in the way/],
  ['at-work.due', { deployment: { offers: 1, retryMs: agoMs(1) } }, /nothing is in the way/],
  ['at-work.offered', { deployment: { ...working, state: 'offered' } }, /attempt 4 is offered since 2026-11-21 14:27 UTC, 3 minutes ago; its time is up at 2026-11-21 14:35 UTC/],
  ['at-work.offered', { ...noRollout, reported: { ...reported, attempt: 3 } }, /attempt 4 is offered/],
  ['at-work.offered', { deployment: { ...working, state: 'offered' }, reported: held('stopped') }, /attempt 4 is offered/],
  ['at-work.accepted', { deployment: { ...working, state: 'accepted' } }, /accepted since/],
  ['at-work.downloading', { deployment: { ...working, state: 'downloading' } }, /downloading since/],
  ['at-work.downloading', { deployment: { ...working, state: 'downloading' }, reported: { ...reported, state: 'downloading', reason: { code: 'disk-full', reason: 'no room for 9 bytes' } } }, /downloading since .*; the device says disk-full: no room for 9 bytes/],
  ['at-work.verifying', { deployment: { ...working, state: 'verifying' } }, /verifying since/],
  ['at-work.applying', { deployment: { ...working, state: 'applying' } }, /applying since/],
  ['at-work.soaking', { deployment: { ...working, state: 'soaking' } }, /soaking for 60 s since/],
  ['at-work.soaking', { deployment: { ...working, state: 'soaking' }, rollout: { waves: [wave(1, 'soaking', { plan: WavePlan.parse({ take: { by: 'rest' }, soakS: 1_800 }) })] } }, /soaking for 1800 s since/],
  ['at-work.soaking', { ...noRollout, reported: { ...reported, state: 'soaking' } }, /soaking since/],
  ['timed-out', { deployment: { state: 'timed_out', reason: { code: 'timed-out', reason: 'it was still applying' } } }, /still applying at 2026-11-21 14:27 UTC/],
  ['device.refused', { deployment: { state: 'refused', reason: { code: 'untrusted-signer', reason: 'not by a key of mine' } } }, /untrusted-signer: not by a key/],
  ['device.refused', { ...noRollout, reported: { ...reported, state: 'refused', reason } }, /guest-trapped/],
  ['app.failed', { deployment: { state: 'failed', reason } }, /guest-trapped: unreachable executed/],
  ['app.regressed', { deployment: { state: 'failed', reason, provenMs: agoMs(60) } }, /proven at 2026-11-21 13:30 UTC, then guest-trapped/],
  ['app.regressed', { deployment: { state: 'proven', attempt: 4, provenMs: agoMs(9_000) }, reported: { ...reported, state: 'failed', reason } }, /guest-trapped/],
];

test.each(cases)('%s holds in case %#', (code, change, evidence) => {
  const why = whyOf(facts(change));
  expect(why).toMatchObject({ code, sentence: whyReasons[code].sentence, updated: code === 'proven' });
  const last = why.checks.findLast(({ verdict }) => verdict !== 'not_reached');
  expect(last).toMatchObject({ verdict: code === 'proven' ? 'passed' : 'holds', evidence: expect.stringMatching(evidence) as string });
  expect(answerOf(facts(change)).code).toBe(code);
});

test('every reason of the table has a case here, and no other', () => {
  expect([...new Set(cases.map(([code]) => code))].toSorted()).toEqual(whyCodes.toSorted());
});

describe('the chain', () => {
  test('has one check that holds, those before it passed with evidence, those after it were not come to', () => {
    for (const [code, change] of cases) {
      const { checks } = whyOf(facts(change));
      expect(checks.map(({ check }) => check)).toEqual(chain.map(({ check }) => check));
      const verdicts = checks.map(({ verdict }) => verdict).join(' ');
      expect(verdicts).toMatch(code === 'proven' ? /^passed( passed)*$/ : /^(passed )*holds( not_reached)*$/);
      expect(checks.every(({ verdict, evidence }) => (evidence === '') === (verdict === 'not_reached'))).toBe(true);
    }
  });

  test('looks at the device before its release, at the rollout before the wave, and at the network before the bindings', () => {
    const everything: Change = { device: { state: 'revoked', online: false }, wanted: { ...wanted, state: 'rejected' }, rollout: { state: 'paused', cause: 'gate', inFlight: 10, waves: [wave(1, 'active'), wave(2, 'pending')] }, deployment: { wave: 2 }, uncovered: 'capability.unbound' };
    const mended: Change[] = [{ device: { online: false } }, { wanted }, { rollout: { inFlight: 10, waves: [wave(1, 'active'), wave(2, 'pending')] } }, { deployment: {} }, { device: {} }, { uncovered: undefined as never }, { rollout: {} }];
    const seen = mended.reduce<{ change: Change; codes: string[] }>(({ change, codes }, next) => ({ change: { ...change, ...next }, codes: [...codes, answerOf(facts({ ...change, ...next })).code] }), { change: everything, codes: [answerOf(facts(everything)).code] });
    expect(seen.codes).toEqual(['device.revoked', 'release.unverified', 'rollout.paused-gate', 'rollout.wave-pending', 'device.offline', 'capability.unbound', 'rollout.capacity', 'at-work.due']);
  });

  test('what runs already is not called held up by what came later over its rollout', () => {
    for (const state of ['paused', 'aborted', 'awaiting_approval'] as const) {
      expect(answerOf(facts({ rollout: { state, cause: state === 'paused' ? 'operator' : null }, deployment: { state: 'failed', reason } })).code).toBe('app.failed');
      expect(answerOf(facts({ rollout: { state, cause: state === 'paused' ? 'operator' : null }, deployment: { ...working, state: 'soaking' } })).code).toBe('at-work.soaking');
    }
  });
});

test('of a device that proved it and went away, the chain says that it is away', () => {
  const { checks } = whyOf(facts({ deployment: { state: 'proven', attempt: 4 }, device: { online: false, lastSeenMs: agoMs(3) } }));
  expect(checks).toContainEqual({ check: 'the device is, or was, online', verdict: 'passed', evidence: 'it has done its part; it is offline now, last seen at 2026-11-21 14:27 UTC, 3 minutes ago' });
});

describe('remedies', () => {
  test('of a rollout that waits for approval begins with what is not bound: approval alone would not do', () => {
    const { code, remedy } = answerOf(facts({ uncovered: 'capability.unbound', rollout: { state: 'awaiting_approval' } }));
    expect([code, remedy]).toEqual(['rollout.approval', expect.stringMatching(/^pier binding set pi-1 blink .*; then: pier rollout approve rollout-2$/)]);
    expect(answerOf(facts({ rollout: { state: 'awaiting_approval' } })).remedy).toBe('pier rollout approve rollout-2');
  });

  test.each([
    ['rollout.paused-operator', { rollout: { state: 'paused', cause: 'operator' } }, 'pier rollout resume rollout-2'],
    ['app.held', { reported: held('stopped') }, 'pier cmd pi-1 app.start app=blink'],
    ['assigned.by-hand', { assignment }, 'pier device release pi-1 blink'],
    ['timed-out', { deployment: { state: 'timed_out' } }, 'pier rollout retry rollout-2 pi-1'],
    ['rollout.aborted', { rollout: { state: 'aborted' } }, 'pier rollout start rel-2 --device pi-1'],
    ['device.busy', { busyWith: 'rollout-1' }, 'pier rollout show rollout-1'],
    ['device.refused', { ...noRollout, reported: { ...reported, state: 'refused', reason } }, 'pier device assign pi-1 blink rel-2'],
    ['at-work.soaking', { deployment: { ...working, state: 'soaking' } }, null],
  ] as const satisfies readonly (readonly [WhyCode, Change, string | null])[])('of %s is a command with the names of the case', (code, change, remedy) => {
    expect(answerOf(facts(change))).toEqual({ code, remedy });
  });

  test('of a missing binding is the whole command, for it replaces all bindings of the app', () => {
    expect(answerOf(facts({ uncovered: 'capability.unbound' })).remedy).toBe('pier binding set pi-1 blink led=chip:17:out button=<chip>:<line>:in meter=serial:</dev/…> data=storage:500');
  });

  test('of a missing binding quotes what the board calls its chip: the line is copied into a shell', () => {
    const of = facts({ uncovered: 'capability.unbound' });
    const consent: WhyFacts['consent'] = { ...of.consent, bindings: () => ({ led: { kind: 'gpio', chip: "$(id)'", line: 17, modes: ['out'] } }) };
    expect(answerOf({ ...of, consent }).remedy).toContain(String.raw`led='$(id)'\''':17:out`);
  });

  test('of what the policy withholds is the policy: no binding helps', () => {
    expect(answerOf(facts({ uncovered: 'capability.mode', withheld: ['gpio', 'serial'] }))).toEqual({ code: 'capability.mode', remedy: 'Allow gpio and serial in the scope of the policy: pier policy sign, then pier policy push' });
  });

  test('leave no name open', () => {
    for (const [, change] of cases) expect(whyOf(facts(change)).remedy ?? '').not.toMatch(/[{}]/);
  });
});
