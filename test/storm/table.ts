/** What was struck, and where: the figures of a storm. Pure. */
import { type Step, steps } from '@pier/shared/core';
import { type Round, type Victim, blows } from './plan.ts';

export type Tally = {
  /** How often each step was passed. */
  readonly passed: Map<Step, number>;
  /** How often its process died at it. */
  readonly died: Map<Step, number>;
  /** How often somebody else was struck at it, by whom and how. */
  readonly struck: Map<Step, Map<string, number>>;
  /** Blows that fell, by victim and act. */
  readonly blows: Map<string, number>;
};

export function newTally(): Tally {
  return { passed: new Map(), died: new Map(), struck: new Map(), blows: new Map() };
}

export function count<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** Steps that a round was to kill at, and at which nothing ever died. */
export function neverHit(rounds: readonly Round[], tally: Tally): Step[] {
  const wanted = new Set(rounds.flatMap(({ when }) => (when.kind === 'step' && when.self ? [when.step] : [])));
  return [...wanted].filter((step) => !tally.died.has(step));
}

const victims = Object.keys(blows) as Victim[];

/** Journal steps × kills, and the blows beside. */
export function tableOf(tally: Tally): string {
  const rows = (Object.keys(steps) as Step[]).map((step) => {
    const others = tally.struck.get(step);
    return [`${steps[step].process} ${step}`, steps[step].story, tally.passed.get(step) ?? 0, tally.died.get(step) ?? 0, ...victims.map((victim) => sumOf(others, victim))];
  });
  const head = ['step', 'story', 'passed', 'killed', ...victims];
  const fell = [...tally.blows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([blow, times]) => `${blow} ${times}`);
  return [head, ...rows].map((row) => row.map((cell, index) => (index < 2 ? String(cell).padEnd(index === 0 ? 36 : 10) : String(cell === 0 ? '·' : cell).padStart(9))).join(' ')).join('\n') + `\n\nblows that fell: ${fell.join(', ')}\n`;
}

function sumOf(others: Map<string, number> | undefined, victim: Victim): number {
  return [...(others ?? [])].reduce((sum, [blow, times]) => (blow.startsWith(`${victim} `) ? sum + times : sum), 0);
}
