import * as z from 'zod';
import type { CommandId } from '@pier/shared/core';
import { CommandPhase, CommandState, isFinal } from '@pier/shared/wire';
import type { Database } from './database.ts';
import { decode } from './settings.ts';

/** What the device remembers of a command: its last state, without the order of a message. */
export const JournalEntry = CommandState.omit({ gen: true, boot: true, seq: true }).extend({ cmd: z.string() });
export type JournalEntry = z.infer<typeof JournalEntry>;

export type Journal = {
  get(id: CommandId): JournalEntry | undefined;
  /** Durable when it returns. Trims entries beyond the newest 500 or older than 7 days, never one that is not final. */
  put(entry: JournalEntry, nowMs: number): void;
  /** Commands that an earlier process had accepted and not ended. */
  unfinished(): readonly JournalEntry[];
};

const entriesMax = 500;
const ageMaxMs = 7 * 86_400_000;
const finals = CommandPhase.options.filter(isFinal);

export function journalOf(database: Database): Journal {
  const isOver = `phase in (${finals.map(() => '?').join(', ')})`;
  return {
    get: (id) => {
      const row = database.one('select record from journal where id = ?', id);
      return row === undefined ? undefined : decode(JournalEntry, row['record'], `command ${id}`);
    },
    put: (entry, nowMs) =>
      database.transaction(() => {
        database.run(
          `insert into journal (id, at_ms, phase, n, record) values (?, ?, ?, ?, ?)
           on conflict (id) do update set phase = excluded.phase, n = excluded.n, record = excluded.record`,
          entry.id,
          nowMs,
          entry.state,
          entry.n,
          JSON.stringify(entry),
        );
        // Age only counts beyond the newest entries' reach: a clock that jumps ahead must not empty the journal at once.
        database.run(`delete from journal where ${isOver} and at_ms < ? and id not in (select id from journal order by rowid desc limit 50)`, ...finals, nowMs - ageMaxMs);
        database.run(`delete from journal where ${isOver} and id not in (select id from journal order by rowid desc limit ?)`, ...finals, entriesMax);
      }),
    unfinished: () => database.all(`select record from journal where not ${isOver} order by rowid`, ...finals).map((row) => decode(JournalEntry, row['record'], 'an unfinished command')),
  };
}
