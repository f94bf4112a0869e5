/** Deployments of a rollout by state, bounded, and what a person chooses from: groups with the same state and reason. */
import { useAnswer } from '../../api/index.ts';
import type { Deployment, DeploymentState, InFlightState, Rollout } from '@pier/shared/api';

/** At most so many are looked at of one state: the page never holds a fleet. */
export const lookMax = 500;

type Page = { readonly items: readonly Deployment[]; readonly next: string | null };
export type Looked = { readonly items: readonly Deployment[]; /** Some state has more than were looked at. */ readonly cut: boolean; readonly ready: boolean };

function useIn(id: string, state: DeploymentState, enabled: boolean): Page | undefined | null {
  const answer = useAnswer('listDeployments', { params: { id }, query: { state, limit: lookMax } }, { enabled });
  return enabled ? (answer.data ?? null) : undefined;
}

/** Undefined pages were not asked for, null ones are still asked. */
function join(pages: readonly (Page | undefined | null)[]): Looked {
  const there = pages.flatMap((page) => (page ? [page] : []));
  return { items: there.flatMap(({ items }) => items), cut: there.some(({ next }) => next !== null), ready: !pages.includes(null) };
}

type Counted = Pick<Rollout, 'id' | 'waves'>;
const has = ({ waves }: Counted, state: DeploymentState): boolean => waves.some(({ counts }) => (counts[state] ?? 0) > 0);

/** Those at work, the nearest deadline first. */
export function useInFlight(rollout: Counted): Looked {
  const { id } = rollout;
  const looked = join([
    useIn(id, 'offered', has(rollout, 'offered')),
    useIn(id, 'accepted', has(rollout, 'accepted')),
    useIn(id, 'downloading', has(rollout, 'downloading')),
    useIn(id, 'verifying', has(rollout, 'verifying')),
    useIn(id, 'applying', has(rollout, 'applying')),
    useIn(id, 'soaking', has(rollout, 'soaking')),
    useIn(id, 'rolling_back', has(rollout, 'rolling_back')),
  ]);
  return { ...looked, items: looked.items.toSorted((a, b) => (a.deadlineAt ?? '9').localeCompare(b.deadlineAt ?? '9') || a.device.localeCompare(b.device)) };
}

export const inFlight: readonly InFlightState[] = ['offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back'];

export function useBadEnds(rollout: Counted): Looked {
  const { id } = rollout;
  return join([useIn(id, 'failed', has(rollout, 'failed')), useIn(id, 'refused', has(rollout, 'refused')), useIn(id, 'timed_out', has(rollout, 'timed_out')), useIn(id, 'rollback_failed', has(rollout, 'rollback_failed'))]);
}

export function useWaiting(rollout: Counted, enabled: boolean): Looked {
  const { id } = rollout;
  return join([useIn(id, 'waiting', enabled && has(rollout, 'waiting')), useIn(id, 'offered', enabled && has(rollout, 'offered'))]);
}

export type Group = { readonly key: string; readonly state: DeploymentState; readonly code: string; readonly says: string; readonly devices: readonly string[] };

/** Devices with the same state and code, most first; the sentence is that of the first. */
export function groupsOf(items: readonly Pick<Deployment, 'device' | 'state' | 'reason'>[]): Group[] {
  const groups = new Map<string, Group & { readonly devices: string[] }>();
  for (const { device, state, reason } of items) {
    const code = reason?.code ?? state;
    const key = `${state} ${code}`;
    const group = groups.get(key) ?? { key, state, code, says: reason?.reason ?? '', devices: [] };
    group.devices.push(device);
    groups.set(key, group);
  }
  return [...groups.values()].toSorted((a, b) => b.devices.length - a.devices.length || a.key.localeCompare(b.key));
}
