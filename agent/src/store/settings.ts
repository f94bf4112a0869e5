import * as z from 'zod';
import { Digest, Fault, KeyId, Rev, issuesOf, parseJson, toFault } from '@pier/shared/core';
import { Reason } from '@pier/shared/wire';
import { Envelope } from '@pier/shared/signing';
import type { Database } from './database.ts';

/** The facts that there is one of, and what each looks like. */
const schemas = {
  /** Starts of this agent so far; second part of every message's order. */
  boot: z.int().min(0),
  /** The trust policy in force, as its root signed it. */
  policy: Envelope,
  /** The desired document last taken; `revs` is the highest rev taken from each key, and only the policy's root brings keys. `hash` is null when the document itself was lost. */
  desired: z.strictObject({ rev: Rev, hash: Digest.nullable(), policy: z.int().min(0), revs: z.record(KeyId, Rev).optional() }),
  /** Why the newest one was not. */
  desiredRefused: Reason,
  /**
   * The database before this one was damaged, and with it the memory of commands. `floor`: no signed command numbered up to
   * here is taken; null until a document under `desired` has told how late it is. `told`: the manager will hear of it.
   */
  lost: z.strictObject({ reason: z.string(), floor: z.int().min(0).nullable(), told: z.boolean() }),
  /** Generation of the enrolment that all other rows belong to. */
  generation: z.int().min(1),
} as const;

type Key = keyof typeof schemas;
type Value<K extends Key> = z.infer<(typeof schemas)[K]>;

export type Settings = {
  get<K extends Key>(key: K): Value<K> | undefined;
  set<K extends Key>(key: K, value: Value<K>): void;
  remove(key: Key): void;
  /** Faults: `storage-failed` when one of them is damaged. */
  check(): void;
};

export function settingsOf(database: Database): Settings {
  const get = <K extends Key>(key: K): Value<K> | undefined => {
    const row = database.one('select value from setting where key = ?', key);
    return row === undefined ? undefined : database.vital(() => decode(schemas[key], row['value'], `setting "${key}"`) as Value<K>);
  };
  return {
    get,
    check: () => {
      for (const key of Object.keys(schemas)) get(key as Key);
    },
    set: (key, value) => void database.run('insert into setting (key, value) values (?, ?) on conflict (key) do update set value = excluded.value', key, JSON.stringify(value)),
    remove: (key) => void database.run('delete from setting where key = ?', key),
  };
}

/** A column of JSON as its schema says. Faults: `storage-failed`, since only a damaged disk or another program writes otherwise. */
export function decode<S extends z.ZodType>(schema: S, column: unknown, what: string): z.infer<S> {
  const read = schema.safeParse(jsonOf(column, what));
  if (!read.success) throw new Fault('storage-failed', `${what} in the agent's database is damaged: ${issuesOf(read.error)}`, { damaged: true });
  return read.data;
}

function jsonOf(column: unknown, what: string): unknown {
  try {
    return parseJson(String(column), { what, sizeBytesMax: 64 << 20 });
  } catch (cause) {
    throw new Fault('storage-failed', `${what} in the agent's database is damaged: ${toFault(cause).message}`, { damaged: true }, cause);
  }
}
