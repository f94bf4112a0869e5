/** The states of rollouts and waves, and who moves them: persons by verbs, the engine by what it finds. */
import type { RolloutState, RolloutVerb, WaveState } from '@pier/shared/api';

type Steps<S extends string> = Readonly<Partial<Record<S, RolloutState>>>;

/** Where a verb leads from where; `same` verbs change something else than the state. What is not listed does not fit. */
export const verbSteps = {
  approve: { awaiting_approval: 'running' },
  deny: { awaiting_approval: 'denied' },
  pause: { running: 'paused' },
  resume: { paused: 'running' },
  advance: { running: 'running', paused: 'running' },
  abort: { awaiting_approval: 'aborting', running: 'aborting', paused: 'aborting', completed: 'aborting' },
  retry: { running: 'running', paused: 'running', completed: 'completed' },
  exclude: { awaiting_approval: 'awaiting_approval', running: 'running', paused: 'paused', completed: 'completed' },
  roll_back: { running: 'rolling_back', paused: 'rolling_back', completed: 'rolling_back' },
  set_cap: { awaiting_approval: 'awaiting_approval', running: 'running', paused: 'paused', completed: 'completed', rolling_back: 'rolling_back' },
} as const satisfies Record<RolloutVerb, Steps<RolloutState>>;

/** What the engine does by itself. */
export const engineSteps = {
  /** What it waited for was bound meanwhile, or nobody is left in it; a second person's word is never made up for. */
  awaiting_approval: ['running', 'aborting'],
  running: ['paused', 'completed', 'aborting', 'rolling_back'],
  completed: ['paused'],
  aborting: ['aborted'],
  rolling_back: ['rolled_back'],
  paused: [],
  denied: [],
  aborted: [],
  rolled_back: [],
} as const satisfies Record<RolloutState, readonly RolloutState[]>;

/** `failed` and `reopened` are left by persons only: by a retry, by excluding what failed, or by advancing past them. */
export const waveSteps = {
  pending: ['active'],
  active: ['soaking', 'passed', 'failed'],
  soaking: ['passed', 'failed'],
  passed: ['reopened'],
  failed: ['active', 'passed'],
  reopened: ['active', 'passed'],
} as const satisfies Record<WaveState, readonly WaveState[]>;

export function engineMayMove(from: RolloutState, to: RolloutState): boolean {
  const reachable: readonly RolloutState[] = engineSteps[from];
  return reachable.includes(to);
}

export function waveMayMove(from: WaveState, to: WaveState): boolean {
  const reachable: readonly WaveState[] = waveSteps[from];
  return reachable.includes(to);
}

/** Why a rollout waits for an approval: a second person is wanted by the policy, or no device of the first wave is covered yet. */
export const approvalCodes = { secondPerson: 'approval.second-person', uncovered: 'approval.uncovered' } as const;
