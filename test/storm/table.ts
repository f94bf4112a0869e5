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

const processes = ['agent', 'manager'] as const;

/** Journal steps × kills, process by process, and the blows below, in lines that fit a terminal of 100 columns. */
export function tableOf(tally: Tally): string {
  const parts = processes.map((process) => {
    const rows = (Object.keys(steps) as Step[]).filter((step) => steps[step].process === process).map((step) => [step.replace('step.', ''), steps[step].story, ...countsAt(step, tally)]);
    return columns([[`step of the ${process}`, 'story', 'passed', 'killed', ...victims], ...rows]);
  });
  const fell = [...tally.blows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([blow, times]) => `${blow} ${times}`);
  return `${parts.join('\n\n')}\n\n${wrapped(`blows that fell: ${fell.join(', ')}`)}\n`;
}

function countsAt(step: Step, tally: Tally): string[] {
  const counts = [tally.passed.get(step) ?? 0, tally.died.get(step) ?? 0, ...victims.map((victim) => sumOf(tally.struck.get(step), victim))];
  return counts.map((one) => (one === 0 ? '·' : String(one)));
}

/** Each column as wide as its widest cell; words to the left, the counts behind the first two to the right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' ')).join('\n');
}

const lineMax = 96;

function wrapped(text: string): string {
  return text.replace(new RegExp(`(.{1,${lineMax}})(?: |$)`, 'g'), '$1\n  ').trimEnd();
}

function sumOf(others: Map<string, number> | undefined, victim: Victim): number {
  return [...(others ?? [])].reduce((sum, [blow, times]) => (blow.startsWith(`${victim} `) ? sum + times : sum), 0);
}
