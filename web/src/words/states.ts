/** The word, the icon and the family (colour and texture) of every state: the one table from which pages, bars and marks are made. */
import type { CommandState, DeploymentState, DeviceStanding, PauseCause, ReleaseState, RolloutState, WaveState } from '@pier/shared/api';
import type * as z from 'zod';

export type Family = 'ok' | 'soaking' | 'busy' | 'waiting' | 'paused' | 'failed' | 'refused' | 'offline' | 'excluded' | 'undone';
/** In the order in which bars show them. */
export const families: readonly Family[] = ['ok', 'soaking', 'busy', 'waiting', 'paused', 'offline', 'excluded', 'undone', 'refused', 'failed'];

export type IconName =
  | 'check' | 'hourglass' | 'ring' | 'download' | 'shield' | 'up' | 'right' | 'clock' | 'user-check' | 'dashed' | 'pause' | 'alert'
  | 'octagon' | 'clock-filled' | 'barred' | 'struck' | 'lock' | 'skip' | 'cross' | 'chevrons' | 'back' | 'square' | 'two'
  | 'overview' | 'rollout' | 'device' | 'release' | 'enrol' | 'simulator' | 'key' | 'audit' | 'people' | 'settings'
  | 'search' | 'copy' | 'plus' | 'minus' | 'play' | 'more' | 'down' | 'chevron-right' | 'menu' | 'filter' | 'columns' | 'bookmark' | 'tag' | 'terminal' | 'link' | 'unplug' | 'out' | 'ground';

export type StateWords = { readonly word: string; readonly family: Family; readonly icon: IconName; readonly note: string };

export const standingWords = {
  in_step: { word: 'In step', family: 'ok', icon: 'check', note: 'runs what it should' },
  soaking: { word: 'Soaking', family: 'soaking', icon: 'hourglass', note: 'runs it, not yet proven' },
  updating: { word: 'Updating', family: 'busy', icon: 'ring', note: 'one deployment at work' },
  waiting: { word: 'Waiting', family: 'waiting', icon: 'clock', note: 'its turn has not come' },
  held: { word: 'Held', family: 'paused', icon: 'pause', note: 'by a person' },
  offline: { word: 'Offline', family: 'offline', icon: 'struck', note: 'heartbeats missed' },
  failed: { word: 'Failed', family: 'failed', icon: 'octagon', note: 'back on its last good' },
  refused: { word: 'Refused', family: 'refused', icon: 'barred', note: 'said no, nothing changed' },
  pending: { word: 'Asks to join', family: 'waiting', icon: 'user-check', note: 'waits for approval' },
  never_heard: { word: 'Never heard', family: 'waiting', icon: 'dashed', note: 'made, not yet seen' },
  revoked: { word: 'Revoked', family: 'offline', icon: 'lock', note: 'its trust was ended' },
} as const satisfies Record<DeviceStanding, StateWords>;

export const deploymentWords = {
  waiting: { word: 'Waiting', family: 'waiting', icon: 'clock', note: 'its wave or its turn has not come' },
  offered: { word: 'Offered', family: 'waiting', icon: 'right', note: 'no answer yet' },
  accepted: { word: 'Accepted', family: 'busy', icon: 'right', note: 'the deadline runs' },
  downloading: { word: 'Downloading', family: 'busy', icon: 'download', note: 'fetches the artifact' },
  verifying: { word: 'Verifying', family: 'busy', icon: 'shield', note: 'digest, keys, policy' },
  applying: { word: 'Applying', family: 'busy', icon: 'up', note: 'old stops, new starts' },
  soaking: { word: 'Soaking', family: 'soaking', icon: 'hourglass', note: 'runs, not yet proven' },
  proven: { word: 'Proven', family: 'ok', icon: 'check', note: 'the soak ended without a trap' },
  failed: { word: 'Failed', family: 'failed', icon: 'octagon', note: 'with a reason' },
  timed_out: { word: 'Timed out', family: 'failed', icon: 'clock-filled', note: 'no result by its deadline' },
  refused: { word: 'Refused', family: 'refused', icon: 'barred', note: 'trust, grant or pin' },
  excluded: { word: 'Excluded', family: 'excluded', icon: 'skip', note: 'by a person' },
  cancelled: { word: 'Cancelled', family: 'excluded', icon: 'cross', note: 'the rollout was aborted' },
  superseded: { word: 'Superseded', family: 'excluded', icon: 'chevrons', note: 'a newer one took over' },
  rolling_back: { word: 'Rolling back', family: 'undone', icon: 'back', note: 'to its last good' },
  rolled_back: { word: 'Rolled back', family: 'undone', icon: 'back', note: 'done and healthy' },
  rollback_failed: { word: 'Roll back failed', family: 'failed', icon: 'alert', note: 'needs a person' },
} as const satisfies Record<DeploymentState, StateWords>;

export const rolloutWords = {
  awaiting_approval: { word: 'Waits for approval', family: 'waiting', icon: 'user-check', note: 'by someone else, or for a binding' },
  denied: { word: 'Denied', family: 'refused', icon: 'barred', note: 'nothing was sent' },
  running: { word: 'Running', family: 'busy', icon: 'ring', note: 'waves open as gates pass' },
  paused: { word: 'Paused', family: 'paused', icon: 'pause', note: 'nothing new is offered' },
  completed: { word: 'Completed', family: 'ok', icon: 'check', note: 'all waves passed' },
  aborting: { word: 'Aborting', family: 'offline', icon: 'square', note: 'devices at work finish' },
  aborted: { word: 'Aborted', family: 'offline', icon: 'square', note: 'nothing new; no roll back' },
  rolling_back: { word: 'Rolling back', family: 'undone', icon: 'back', note: 'waves backwards' },
  rolled_back: { word: 'Rolled back', family: 'undone', icon: 'back', note: 'each on its last good' },
} as const satisfies Record<RolloutState, StateWords>;

export const pauseWords = { operator: 'Paused by a person', gate: 'Paused by its gate', trust: 'Paused: not trusted' } as const satisfies Record<PauseCause, string>;

export const waveWords = {
  pending: { word: 'Not open', family: 'waiting', icon: 'clock', note: 'the wave before has not passed' },
  active: { word: 'Open', family: 'busy', icon: 'ring', note: 'devices are offered it' },
  soaking: { word: 'Soaking', family: 'soaking', icon: 'hourglass', note: 'all at work have it' },
  passed: { word: 'Passed', family: 'ok', icon: 'check', note: 'its gate was met' },
  failed: { word: 'Gate failed', family: 'failed', icon: 'octagon', note: 'stopped the rollout' },
  reopened: { word: 'Reopened', family: 'paused', icon: 'alert', note: 'a late failure after it had passed' },
} as const satisfies Record<WaveState, StateWords>;

export const releaseWords = {
  verified: { word: 'Signed', family: 'ok', icon: 'shield', note: 'the policy accepts its signatures' },
  rejected: { word: 'Not accepted', family: 'refused', icon: 'barred', note: 'the policy does not accept it' },
  withdrawn: { word: 'Withdrawn', family: 'paused', icon: 'alert', note: 'offered no more' },
} as const satisfies Record<z.infer<typeof ReleaseState>, StateWords>;

export const commandWords = {
  sent: { word: 'Sent', family: 'waiting', icon: 'right', note: 'no answer yet' },
  accepted: { word: 'Accepted', family: 'busy', icon: 'right', note: 'written down by the device' },
  running: { word: 'Running', family: 'busy', icon: 'ring', note: 'at work' },
  done: { word: 'Done', family: 'ok', icon: 'check', note: 'the device says so' },
  failed: { word: 'Failed', family: 'failed', icon: 'octagon', note: 'with a reason' },
  refused: { word: 'Refused', family: 'refused', icon: 'barred', note: 'nothing was changed' },
  interrupted: { word: 'Interrupted', family: 'paused', icon: 'alert', note: 'the device went down meanwhile' },
  unanswered: { word: 'Unanswered', family: 'offline', icon: 'struck', note: 'no answer in time' },
} as const satisfies Record<CommandState, StateWords>;

/** How a count is shown in a bar or a row of counters. */
export type Part = { readonly key: string; readonly word: string; readonly family: Family; readonly count: number };

const inBarOrder = (a: Part, b: Part): number => families.indexOf(a.family) - families.indexOf(b.family);

/** Devices by standing, in the order of bars; what nobody has is left out. */
export function standingParts(standings: Partial<Record<DeviceStanding, number>>): Part[] {
  return partsOf(standings, standingWords);
}

/** Counts by state of a deployment, in the order of bars; `absent` of the waiting ones are shown as offline. */
export function deploymentParts(counts: Partial<Record<DeploymentState, number>>, absent = 0): Part[] {
  const parts = partsOf({ ...counts, waiting: (counts.waiting ?? 0) - absent }, deploymentWords);
  return absent > 0 ? [...parts, { key: 'absent', word: 'Away or held up', family: 'offline' as const, count: absent }].toSorted(inBarOrder) : parts;
}

function partsOf<K extends string>(counts: Partial<Record<K, number>>, words: Readonly<Record<K, StateWords>>): Part[] {
  return Object.entries<number | undefined>(counts)
    .flatMap(([key, n]) => (n === undefined || n <= 0 ? [] : [{ key, word: words[key as K].word, family: words[key as K].family, count: n }]))
    .toSorted(inBarOrder);
}

/** Adds up the parts of one family: bars show families, tables show states. */
export function byFamily(parts: readonly Part[]): { readonly family: Family; readonly count: number; readonly words: string }[] {
  return families.flatMap((family) => {
    const own = parts.filter((part) => part.family === family);
    return own.length === 0 ? [] : [{ family, count: own.reduce((sum, part) => sum + part.count, 0), words: own.map(({ word }) => word.toLowerCase()).join(', ') }];
  });
}
