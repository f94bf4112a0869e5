import * as z from 'zod';
import { type CommandId, KeyId } from '@pier/shared/core';
import { CommandPhase, CommandState, isFinal } from '@pier/shared/wire';
import type { Database } from './database.ts';
import { decode } from './settings.ts';

/** What the device remembers of a command: its last state, without the order of a message, and who signed it under which number. */
export const JournalEntry = CommandState.omit({ gen: true, boot: true, seq: true }).extend({ cmd: z.string(), signed: z.strictObject({ keyId: KeyId, number: z.int().min(0) }).optional() });
export type JournalEntry = z.infer<typeof JournalEntry>;

export type Journal = {
  /** Ids belong to the key that signed them, and those of plain commands to nobody: none can use up another's. */
  get(id: CommandId, keyId?: KeyId): JournalEntry | undefined;
  /** Whether anybody's command of this id is remembered. */
  knows(id: CommandId): boolean;
  /**
   * Durable when it returns. Trims entries beyond the newest 500 signed and 200 plain ones, never one that is not final. A
   * signed one that is trimmed raises its key's floor. `nowMs` is only noted: how old an entry is no device can be sure of.
   */
  put(entry: JournalEntry, nowMs: number): void;
  /** Commands that an earlier process had accepted and not ended. */
  unfinished(): readonly JournalEntry[];
  /** Numbers of this key up to here may have been journalled and trimmed: what they did must not be done again. */
  floorOf(keyId: KeyId): number | undefined;
  raiseFloor(keyId: KeyId, number: number): void;
};

const quotas = [['signer is not null', 500], ['signer is null', 200]] as const;
const finals = CommandPhase.options.filter(isFinal);

export function journalOf(database: Database): Journal {
  const trim = (which: string, ...values: (string | number)[]): void => {
    database.run(
      `insert into key_floor (key, number) select signer, max(number) from journal where ${which} and signer is not null group by signer
       on conflict (key) do update set number = max(number, excluded.number)`,
      ...values,
    );
    database.run(`delete from journal where ${which}`, ...values);
  };
  const isOver = `phase in (${finals.map(() => '?').join(', ')})`;
  return {
    get: (id, keyId) => {
      const row = database.one('select record from journal where id = ?', keyOf(id, keyId));
      return row === undefined ? undefined : decode(JournalEntry, row['record'], `command ${id}`);
    },
    knows: (id) => database.one('select 1 from journal where id = ? or substr(id, -?) = ? limit 1', id, id.length + 1, `/${id}`) !== undefined,
    put: (entry, nowMs) =>
      database.transaction(() => {
        database.run(
          `insert into journal (id, at_ms, phase, n, record, signer, number) values (?, ?, ?, ?, ?, ?, ?)
           on conflict (id) do update set phase = excluded.phase, n = excluded.n, record = excluded.record`,
          keyOf(entry.id, entry.signed?.keyId),
          nowMs,
          entry.state,
          entry.n,
          JSON.stringify(entry),
          entry.signed?.keyId ?? null,
          entry.signed?.number ?? null,
        );
        for (const [whose, entriesMax] of quotas) trim(`${isOver} and ${whose} and id not in (select id from journal where ${whose} order by rowid desc limit ?)`, ...finals, entriesMax);
      }),
    unfinished: () => database.all(`select record from journal where not ${isOver} order by rowid`, ...finals).map((row) => decode(JournalEntry, row['record'], 'an unfinished command')),
    floorOf: (keyId) => {
      const row = database.one('select number from key_floor where key = ?', keyId);
      return row === undefined ? undefined : Number(row['number']);
    },
    raiseFloor: (keyId, number) => void database.run('insert into key_floor (key, number) values (?, ?) on conflict (key) do update set number = max(number, excluded.number)', keyId, number),
  };
}

/** No id of a command has a "/". */
function keyOf(id: CommandId, keyId: KeyId | undefined): string {
  return keyId === undefined ? id : `${keyId}/${id}`;
}
