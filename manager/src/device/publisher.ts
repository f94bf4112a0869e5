import { and, asc, gt, sql } from 'drizzle-orm';
import { type Clock, type Log, toFault } from '@pier/shared/core';
import { topics } from '@pier/shared/wire';
import { type Db, inTransaction, outbox } from '../db/index.ts';
import { type Loop, startLoop } from './loop.ts';

/** Hands one message to the broker; resolved when the broker has it. */
export type Publish = (topic: string, payload: string, options?: { readonly qos?: 0 | 1 }) => Promise<void>;

const pageMax = 500;
const outstandingMax = 64;
/** How long one page may take: a broker that does not answer must not hold the rows' locks for ever. */
const pageMs = 5_000;
/** Topics that may fail before a run is given up: then it is the broker, not they. */
const stuckMax = 1_000;
const beatMs = 1_000;

type PublisherDeps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly publish: Publish };
type Row = { readonly id: number; readonly topic: string; readonly payload: string };
/** How far a run has come, and the topics that did not get through in it: what comes after on them keeps its place. */
type Run = { after: number; readonly stuck: Set<string> };

/**
 * Publishes what transactions left in the outbox, then deletes it: at least once, and never before its commit. A replica that
 * works on rows holds their locks, so several share the work. One replica keeps the order within a topic; of several, one may
 * be faster with the later message, so that who listens goes by the message's own order (a document's revision), as it must
 * for what comes twice. What the broker does not take stays for the next beat, and holds up no other topic.
 */
export function startPublisher(deps: PublisherDeps): Loop {
  const act = async (): Promise<void> => {
    const run: Run = { after: 0, stuck: new Set() };
    while ((await publishPage(run, deps)) && run.stuck.size < stuckMax);
  };
  return startLoop({ clock: deps.clock, log: deps.log, name: 'publisher', everyMs: beatMs, act });
}

/** Out: whether there may be more. */
async function publishPage(run: Run, deps: PublisherDeps): Promise<boolean> {
  const { log } = deps;
  const more = await inTransaction(deps.db, async (tx) => {
    const fit = and(gt(outbox.id, run.after), run.stuck.size === 0 ? undefined : sql`${outbox.topic} <> all(${sql.param([...run.stuck])}::text[])`);
    const rows = await tx.select().from(outbox).where(fit).orderBy(asc(outbox.id)).limit(pageMax).for('update', { skipLocked: true });
    if (rows.length === 0) return undefined;
    const done = await publishRows(rows, run, deps);
    log.debug({ rows: done.length }, 'step.outbox-published');
    if (done.length > 0) await tx.delete(outbox).where(sql`${outbox.id} = any(${sql.param(done)}::bigint[])`);
    run.after = rows.at(-1)?.id ?? run.after;
    return { isFull: rows.length === pageMax };
  });
  if (more) log.debug({}, 'step.outbox-cleared');
  return more?.isFull ?? false;
}

/** Several topics at once, each in its own order, until its first failure. Out: the rows that the broker has. */
async function publishRows(rows: readonly Row[], run: Run, { clock, log, publish }: PublisherDeps): Promise<number[]> {
  const lines = Map.groupBy(rows, ({ topic }) => topic);
  const done: number[] = [];
  const unfinished = new Set(lines.keys());
  const failures: string[] = [];
  const over = Promise.withResolvers<void>();
  const page = { over: false };
  const turns = lines.entries();
  const work = async (): Promise<void> => {
    for (const [topic, line] of turns) {
      const failure = await publishLine(line, { publish, done, isOver: () => page.over });
      if (page.over) return;
      if (failure === undefined) unfinished.delete(topic);
      else failures.push(failure);
    }
  };
  using _deadline = clock.after(pageMs, () => over.resolve());
  await Promise.race([Promise.all(Array.from({ length: Math.min(outstandingMax, lines.size) }, work)), over.promise]);
  page.over = true;
  for (const topic of unfinished) run.stuck.add(topic);
  const [topic] = unfinished;
  if (topic !== undefined) log.warn({ topic, topics: unfinished.size, error: failures[0] ?? `no answer within ${pageMs} ms` }, 'outbox.publish-failed');
  return [...done];
}

/** Out: why it ended before its last row. */
async function publishLine(line: readonly Row[], { publish, done, isOver }: { publish: Publish; done: number[]; isOver: () => boolean }): Promise<string | undefined> {
  for (const { id, topic, payload } of line) {
    const failure = await publish(topic, payload, { qos: 1 }).then(() => undefined, toFault);
    if (isOver()) return 'too late';
    if (failure) return failure.message;
    done.push(id);
  }
  return undefined;
}

/** Tells all devices that this manager has started: each announces itself anew after a delay of its own. */
export async function announceManager({ publish, replica, epoch }: { publish: Publish; replica: string; epoch: string }): Promise<void> {
  await publish(topics.manager.of({ replica }), JSON.stringify({ online: true, epoch }), { qos: 1 });
}
