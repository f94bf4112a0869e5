/** What waits for a person, worst first: pure. Each has one act, which leads to where it is decided. */
import type { Device, Fleet, Me, PendingDevice, Rollout } from '@pier/shared/api';
import { type Family, type IconName, count, counted, desertedWave, gapOf, rolloutTitle, shortDigests } from '../../words/index.ts';

export type Need = {
  readonly key: string;
  readonly family: Family;
  readonly icon: IconName;
  /** The kind of trouble, in a word. */
  readonly word: string;
  readonly what: string;
  readonly more?: string | undefined;
  readonly code?: string | undefined;
  readonly act: string;
  readonly href: string;
  /** Since when, where that is known. */
  readonly since?: string | undefined;
  /** The rollout whose pause the audit dates. */
  readonly pausedRollout?: string | undefined;
};

export type Facts = {
  readonly me: Me;
  readonly fleet: Pick<Fleet, 'standings' | 'pending'>;
  readonly rollouts: readonly Rollout[];
  /** The first devices of these standings, as many as were asked for. */
  readonly failed: readonly Device[];
  readonly refused: readonly Device[];
  /** The one that is silent the longest. */
  readonly silent: Device | undefined;
  readonly held: readonly Device[];
  readonly pending: readonly PendingDevice[];
};

export function needsOf(facts: Facts): Need[] {
  const { rollouts, fleet } = facts;
  return [
    ...rollouts.filter(({ state, cause }) => state === 'paused' && cause !== 'operator').map(stopped),
    ...badly('failed', facts.failed, fleet.standings.failed ?? 0),
    ...badly('refused', facts.refused, fleet.standings.refused ?? 0),
    ...offline(facts),
    ...rollouts.filter((one) => mayDecide(one, facts.me)).map(approval),
    ...rollouts.filter(({ state, reason }) => state === 'running' && reason?.code === 'wave.manual').map(byHand),
    ...rollouts.filter((one) => desertedWave(one) !== undefined).map(deserted),
    ...enrolment(facts),
    ...rollouts.filter(({ state, cause }) => state === 'paused' && cause === 'operator').map(stopped),
    ...held(facts),
  ];
}

function stopped(rollout: Rollout): Need {
  const { id, cause, reason } = rollout;
  const { proven, total } = gapOf(rollout);
  const does = cause === 'gate' ? 'stopped itself' : cause === 'trust' ? 'is no longer trusted, and stands' : 'was paused by a person';
  const what = `${rolloutTitle(rollout)} ${does} at ${count(proven)} of ${count(total)} proven`;
  return { key: `paused ${id}`, family: 'paused', icon: 'pause', word: 'Paused', what, more: reason?.reason, code: reason?.code, act: 'Look', href: `/rollouts/${id}`, pausedRollout: id };
}

function deserted(rollout: Rollout): Need {
  const { id } = rollout;
  return { key: `deserted ${id}`, family: 'paused', icon: 'alert', word: 'Stuck', what: `${rolloutTitle(rollout)}: no device is left in its open wave`, more: 'advance past it, or abort', code: 'gate.deserted', act: 'Look', href: `/rollouts/${id}` };
}

/** By reason where all of them are known, else in one. */
function badly(standing: 'failed' | 'refused', devices: readonly Device[], n: number): Need[] {
  if (n === 0) return [];
  const words = { failed: { word: 'Failed', icon: 'octagon', says: 'did not keep what they should run' }, refused: { word: 'Refused', icon: 'barred', says: 'said no, nothing was changed' } } as const;
  const { word, icon, says } = words[standing];
  const base = { family: standing, icon, word, act: 'Look' } as const;
  if (devices.length < n) return [{ ...base, key: standing, what: `${counted(n, 'device')}: ${says}`, more: devices.length === 0 ? undefined : `such as ${namesOf(devices)}`, href: `/devices?standing=${standing}` }];
  const groups = Map.groupBy(devices, ({ why }) => why?.code ?? '');
  return [...groups].toSorted(([, a], [, b]) => b.length - a.length).map(([code, group]) => {
    const [first] = group;
    const only = group.length === 1 ? first : undefined;
    return { ...base, key: `${standing} ${code}`, what: `${only === undefined ? `${counted(group.length, 'device')}: ${namesOf(group)}` : only.name}${appsOf(group)}`, more: first?.why ? shortDigests(first.why.reason) : undefined, code: code === '' ? undefined : code, href: only === undefined ? `/devices?standing=${standing}` : `/devices/${only.id}` };
  });
}

/** ` (blink)`: what failed or was refused on them, where the devices say which apps those are. */
function appsOf(devices: readonly Device[]): string {
  const apps = new Set(devices.flatMap((device) => device.apps.filter(({ state }) => state === 'failed' || state === 'refused').map(({ app }) => app)));
  return apps.size === 0 ? '' : ` (${[...apps].toSorted().join(', ')})`;
}

function namesOf(devices: readonly Pick<Device, 'name'>[]): string {
  const shown = devices.slice(0, 3).map(({ name }) => name);
  return devices.length > shown.length ? `${shown.join(', ')} and ${devices.length - shown.length} more` : shown.join(', ');
}

function offline({ fleet, silent }: Facts): Need[] {
  const n = fleet.standings.offline ?? 0;
  if (n === 0) return [];
  const only = n === 1 && silent !== undefined;
  return [{ key: 'offline', family: 'offline', icon: 'struck', word: 'Offline', what: only ? `${silent.name} does not answer` : `${counted(n, 'device')} do not answer`, more: only || silent === undefined ? 'It is served when it returns' : `Silent the longest: ${silent.name}`, act: 'Look', href: only ? `/devices/${silent.id}` : '/devices?standing=offline', since: silent?.lastSeenAt ?? undefined }];
}

/** A second person's word is wanted where the policy says so; a binding that is missing is anybody's to make. */
function mayDecide({ state, reason, createdBy }: Rollout, me: Me): boolean {
  return state === 'awaiting_approval' && me.role !== 'viewer' && (reason?.code === 'approval.uncovered' || createdBy !== me.user);
}

function approval(rollout: Rollout): Need {
  const { id, reason, createdBy, createdAt } = rollout;
  return { key: `approval ${id}`, family: 'waiting', icon: 'user-check', word: 'Approval', what: `${rolloutTitle(rollout)} to ${counted(gapOf(rollout).total, 'device')}, asked by ${createdBy}`, more: reason?.reason, code: reason?.code, act: 'Review', href: `/rollouts/${id}`, since: createdAt };
}

function byHand(rollout: Rollout): Need {
  const passedAt = rollout.waves.findLast(({ state }) => state === 'passed')?.passedAt ?? undefined;
  return { key: `manual ${rollout.id}`, family: 'waiting', icon: 'clock', word: 'Next wave', what: `${rolloutTitle(rollout)} waits for a person to go on`, more: rollout.reason?.reason, act: 'Look', href: `/rollouts/${rollout.id}`, since: passedAt };
}

function enrolment({ fleet: { pending: n }, pending }: Facts): Need[] {
  if (n === 0) return [];
  const since = pending.map(({ askedAt }) => askedAt).toSorted()[0];
  return [{ key: 'enrolment', family: 'waiting', icon: 'plus', word: 'Enrolment', what: `${counted(n, 'board')} ${n === 1 ? 'asks' : 'ask'} to join`, more: pending.length === 0 ? undefined : `${n === 1 ? 'it calls itself' : 'they call themselves'} ${namesOf(pending)}`, act: 'Review', href: '/enrol', since }];
}

function held({ fleet, held: devices }: Facts): Need[] {
  const n = fleet.standings.held ?? 0;
  if (n === 0) return [];
  const [only] = n === 1 ? devices : [];
  return [{ key: 'held', family: 'paused', icon: 'pause', word: 'Held', what: only === undefined ? `${counted(n, 'device')} held by hand` : `${only.name} is held by hand`, more: only?.why?.reason ?? 'Rollouts leave them alone', act: 'Look', href: only === undefined ? '/devices?standing=held' : `/devices/${only.id}` }];
}
