/** Who was quicker: what a person is told whose view of a rollout is no longer true. */
import { and, desc, eq, ne } from 'drizzle-orm';
import { type Db, audit } from '../db/index.ts';

/** What persons do, by its name in the audit. What the engine does there is named by the state that it leads to. */
const words: ReadonlyMap<string, string> = new Map(Object.entries({
  'rollout.created': 'started it',
  'rollout.approve': 'approved it',
  'rollout.deny': 'denied it',
  'rollout.pause': 'paused it',
  'rollout.resume': 'resumed it',
  'rollout.advance': 'advanced it past its gate',
  'rollout.abort': 'aborted it',
  'rollout.retry': 'let devices try again',
  'rollout.exclude': 'left devices out',
  'rollout.roll_back': 'rolled it back',
  'rollout.set_cap': 'changed how many devices are updated at once',
}));
const units = [['day', 86_400], ['h', 3_600], ['min', 60], ['s', 1]] as const;

/** What was done to a rollout last, such as `alice paused it 4 s ago`; undefined when nothing was. Devices that join do not count: they raise no revision. */
export async function lastActOn(tx: Db, id: string, nowMs: number): Promise<string | undefined> {
  const [last] = await tx
    .select({ actor: audit.actor, action: audit.action, at: audit.at, detail: audit.detail })
    .from(audit)
    .where(and(eq(audit.object, `rollout:${id}`), ne(audit.action, 'rollout.joined')))
    .orderBy(desc(audit.id))
    .limit(1);
  return last && lastActWords({ ...last, wave: last.detail['wave'], agoMs: nowMs - last.at.getTime() });
}

export function lastActWords({ actor, action, wave, agoMs }: { actor: string; action: string; wave?: unknown; agoMs: number }): string {
  const state = action.replace(/^\w+\./, '').replaceAll('_', ' ');
  const moved = `moved ${typeof wave === 'number' ? `wave ${wave}` : 'it'} to ${state}`;
  return `${actor.startsWith('rollout:') ? 'the engine' : actor} ${words.get(action) ?? moved} ${ago(agoMs)}`;
}

function ago(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  const [unit, size] = units.find(([, one]) => s >= one) ?? ['s', 1];
  const n = Math.floor(s / size);
  return `${n} ${unit}${unit === 'day' && n > 1 ? 's' : ''} ago`;
}
