/**
 * What changes, told to whoever listens. One loop reads the audit's tail for all of them, in turn, so that nobody hears a
 * thing twice or misses one between catching up and listening on.
 */
import { type ChangeEvent } from '@pier/shared/api';
import { type Clock, type Log, toFault } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import type { Listener, Streams } from '../http/index.ts';
import { Gathered, changeOf } from './coalesce.ts';
import { type Position, findPosition, isAfter, lastPosition, readTail } from './tail.ts';

/** Who is further behind is told to ask for everything again. */
const behindMax = 5_000;
const everyMs = 1_000;
const betweenMs = 250;

type Kind = Exclude<ChangeEvent['kind'], 'resync'>;
type Hearer = Listener;

export type Changes = {
  readonly streams: Streams;
  /** Something was committed: look at once rather than at the next beat. */
  wake(): void;
  /** What changed without a record in the audit, such as the presence of devices; who is not listening never hears of it. */
  changed(kind: Kind, ids: readonly string[]): void;
} & AsyncDisposable;

type Deps = { readonly db: Db; readonly clock: Clock; readonly log: Log };

export function openChanges(deps: Deps): Changes {
  const feed = new Feed(deps.db);
  const stop = new AbortController();
  const bell = newBell(deps.clock, stop.signal);
  const running = run(deps, { feed, bell, signal: stop.signal });
  return {
    streams: {
      streamChanges: (listener, after) => {
        feed.join(listener, after);
        bell.ring();
        return { [Symbol.dispose]: () => feed.leave(listener) };
      },
    },
    wake: () => bell.ring(),
    changed: (kind, ids) => {
      if (feed.gather(kind, ids)) bell.ring();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      bell.ring();
      await running;
    },
  };
}

async function run({ clock, log }: Deps, { feed, bell, signal }: { feed: Feed; bell: Bell; signal: AbortSignal }): Promise<void> {
  while (!signal.aborted) {
    // Nobody listens: nothing is read.
    await bell.rung(feed.isIdle ? undefined : everyMs);
    if (signal.aborted) return;
    try {
      await feed.turn();
    } catch (error) {
      log.warn({ error: toFault(error).message }, 'changes.not-read');
    }
    await clock.sleep(betweenMs, signal).catch(() => {
      // Stopped while it paused.
    });
  }
}

class Feed {
  readonly #db: Db;
  readonly #live = new Set<Hearer>();
  readonly #joining = new Map<Hearer, string | undefined>();
  readonly #gathered = new Gathered(behindMax);
  /** What the live ones have been told of; unknown while there is nobody. */
  #position: Position | undefined;

  constructor(db: Db) {
    this.#db = db;
  }

  get isIdle(): boolean {
    return this.#live.size + this.#joining.size === 0;
  }

  join(hearer: Hearer, after: string | undefined): void {
    this.#joining.set(hearer, after);
  }

  leave(hearer: Hearer): void {
    this.#live.delete(hearer);
    this.#joining.delete(hearer);
  }

  /** False when nobody would hear it. */
  gather(kind: Kind, ids: readonly string[]): boolean {
    if (this.isIdle) return false;
    for (const id of ids) this.#gathered.add(kind, id);
    return true;
  }

  /** Tells the live ones what is new, then takes in those who came meanwhile. */
  async turn(): Promise<void> {
    if (this.isIdle) {
      this.#position = undefined;
      this.#gathered.drain();
      return;
    }
    const unrecorded = this.#gathered.drain();
    const position = await this.#advance();
    for (const hearer of this.#live) tell(hearer, unrecorded);
    for (const [hearer, after] of this.#joining) {
      const missed = after === undefined ? { events: [resync()], to: position } : await this.#missed(after, position);
      // It may have gone while the database was asked.
      if (!this.#joining.delete(hearer)) continue;
      this.#live.add(hearer);
      tell(hearer, missed.events, missed.to);
    }
  }

  async #advance(): Promise<Position> {
    if (this.#position === undefined) return (this.#position = await lastPosition(this.#db));
    const { events, to } = await this.#read(this.#position);
    this.#position = to;
    for (const hearer of this.#live) tell(hearer, events, to);
    return to;
  }

  async #missed(after: string, position: Position): Promise<{ readonly events: readonly ChangeEvent[]; readonly to: Position }> {
    const from = await findPosition(this.#db, after);
    // An id from the time before a backup was restored may lie ahead of all that is here.
    if (from === undefined || isAfter(from, position)) return { events: [resync()], to: position };
    return this.#read(from, position);
  }

  async #read(from: Position, to?: Position): Promise<{ readonly events: readonly ChangeEvent[]; readonly to: Position }> {
    const rows = await readTail(this.#db, { from, limit: behindMax + 1, ...(to && { to }) });
    if (rows.length > behindMax) return { events: [resync()], to: to ?? (await lastPosition(this.#db)) };
    const gathered = new Gathered(behindMax);
    for (const { object } of rows) {
      const change = changeOf(object);
      if (change) gathered.add(change.kind, change.id);
    }
    return { events: gathered.drain(), to: rows.at(-1) ?? from };
  }
}

function resync(): ChangeEvent {
  return { kind: 'resync', ids: [] };
}

/** Only the last event of a batch carries the id: whoever loses the line before it hears the batch again. */
function tell(hearer: Hearer, events: readonly ChangeEvent[], position?: Position): void {
  if (events.length === 0) return;
  hearer.send(events.map((data, n) => (position !== undefined && n === events.length - 1 ? { id: String(position.id), data } : { data })));
}

type Bell = { ring(): void; /** Resolves when it was rung since the last time, or after `withinMs`. */ rung(withinMs: number | undefined): Promise<void> };

function newBell(clock: Clock, signal: AbortSignal): Bell {
  const state: { rung: boolean; resolve: (() => void) | undefined } = { rung: false, resolve: undefined };
  const ring = (): void => {
    state.rung = true;
    state.resolve?.();
  };
  return {
    ring,
    rung: async (withinMs) => {
      if (!state.rung && !signal.aborted) {
        const waited = Promise.withResolvers<void>();
        state.resolve = waited.resolve;
        using timer = withinMs === undefined ? undefined : clock.after(withinMs, ring);
        await waited.promise;
        state.resolve = undefined;
        void timer;
      }
      state.rung = false;
    },
  };
}
