import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { Fault, toFault } from '@pier/shared/core';
import { writable } from './writable.ts';

/** Each entry lifts the schema by one version; `user_version` says how far a file is. Entries are never edited, only added. */
const migrations = [
  `create table setting (key text primary key, value text not null) strict;
   create table app (name text primary key, record text not null) strict;
   create table release (digest text primary key, record text not null) strict;
   create table floor (app text primary key, counter integer not null, digest text not null) strict;
   create table key_number (key text primary key, number integer not null) strict;
   create table journal (
     id text primary key, at_ms integer not null, phase text not null, n integer not null, record text not null
   ) strict;
   create index journal_by_age on journal (at_ms);
   create table outbox (
     id integer primary key autoincrement, kind text not null, key text not null, topic text not null, body text not null,
     gen integer not null, boot integer not null, seq integer not null, unique (kind, key)
   ) strict;`,
  // Entries of before do not say whose key they were: whatever their keys have signed so far counts as played already.
  `alter table journal add column signer text;
   alter table journal add column number integer;
   create table key_floor (key text primary key, number integer not null) strict;
   insert into key_floor (key, number) select key, number from key_number;`,
  // A stop by hand had no end and nobody's name; it gets a day, which is what one has today unless it says otherwise.
  `update app set record = json_remove(json_set(record, '$.previousGood', json('null'), '$.hold', json(
     case when json_extract(record, '$.held') and json_extract(record, '$.wanted.attempt') is not null
       then json_object('kind', 'stopped', 'by', 'unknown', 'forS', 86400, 'leftMs', 86400000, 'attempt', json_extract(record, '$.wanted.attempt'))
       else 'null' end)), '$.held');`,
  `create table dropped (kind text primary key, count integer not null) strict;
   drop index journal_by_age;
   create index journal_by_signer on journal (signer);`,
] as const;

type Row = Record<string, SQLOutputValue>;

/** The few calls that the tables are made of; every failure comes out as a Fault. */
export type Database = Disposable & {
  run(sql: string, ...values: SQLInputValue[]): number;
  one(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /**
   * All or nothing; durable (synchronous=FULL) when it returns. Inside another one it becomes a part of that. On a full disk
   * `act` is run again after each relief: beside the database it may only do what may be done twice.
   */
  transaction<T>(act: () => T): T;
  /** Reads what the agent cannot do without: a record in it that is damaged, as `decode` finds, is damage of the whole. */
  vital<T>(read: () => T): T;
};

/** Called when a write did not fit on the disk: true when there may be room now. */
type Relief = () => boolean;
/** `onDamage`: called when the file turns out to be damaged while it is in use. */
type Watchers = { readonly relief?: Relief; readonly onDamage?: (fault: Fault) => void };

/**
 * Opens `state.db` in the folder, looks it over and brings its schema up to date.
 * Faults: `storage-failed` (see `isDamage`), `schema-newer` for one that a newer agent has written, `disk-full`.
 */
export function openDatabase(folder: string, { relief = () => false, onDamage = () => {} }: Watchers = {}): Database {
  const path = join(folder, 'state.db');
  return relieved(relief, () => guarded(path, () => {
    createPrivately(path);
    const file = new DatabaseSync(path, { timeout: 5_000 });
    try {
      file.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma wal_autocheckpoint = ${walPagesMax}`);
      lookOver(file, path);
      migrate(file, path);
    } catch (cause) {
      file.close();
      throw cause;
    }
    return faceOf(file, { path, relief, onDamage });
  }));
}

/** The log of writes is folded into the file so early that it stays within what the reserve can give. */
const walPagesMax = 128;

/** Whether a fault says that the bytes of the database are not what was written: it has to be put aside. */
export function isDamage(fault: Fault): boolean {
  return fault.detail['damaged'] === true;
}

function lookOver(file: DatabaseSync, path: string): void {
  const said = String(Object.values(file.prepare('pragma quick_check(1)').get() ?? {})[0]);
  if (said !== 'ok') throw new Fault('storage-failed', `${path} is damaged: ${said.slice(0, 200)}`, { damaged: true });
}

/** Again after each relief, until it fits or nothing more can be given. */
function relieved<T>(relief: Relief, act: () => T): T {
  for (;;) {
    try {
      return act();
    } catch (cause) {
      if (!(cause instanceof Fault) || cause.code !== 'disk-full' || !relief()) throw cause;
    }
  }
}

/** Created before sqlite opens it, since sqlite gives its own files the mode of the main one. */
function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function migrate(file: DatabaseSync, path: string): void {
  const version = Number(file.prepare('pragma user_version').get()?.['user_version'] ?? 0);
  if (version > migrations.length) throw new Fault('schema-newer', `${path} has schema ${version}, this agent knows ${migrations.length}: it was written by a newer agent`);
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    file.exec(`begin immediate; ${sql} pragma user_version = ${index + 1}; commit`);
  }
}

function faceOf(file: DatabaseSync, { path, relief, onDamage }: Required<Watchers> & { readonly path: string }): Database {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? file.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const watched = <T>(act: () => T): T => {
    try {
      return guarded(path, act);
    } catch (cause) {
      if (cause instanceof Fault && isDamage(cause)) onDamage(cause);
      throw cause;
    }
  };
  let depth = 0;
  const once = <T>(act: () => T): T => {
    watched(() => file.exec('begin immediate'));
    depth += 1;
    try {
      const out = act();
      watched(() => file.exec('commit'));
      return out;
    } catch (cause) {
      if (file.isTransaction) watched(() => file.exec('rollback'));
      throw cause;
    } finally {
      depth -= 1;
    }
  };
  const change = (sql: string, values: SQLInputValue[]): number => watched(() => Number(statement(sql).run(...values).changes));
  return {
    run: (sql, ...values) => (depth > 0 ? change(sql, values) : relieved(relief, () => change(sql, values))),
    one: (sql, ...values) => watched(() => statement(sql).get(...values)),
    all: (sql, ...values) => watched(() => statement(sql).all(...values)),
    transaction: (act) => (depth > 0 ? act() : relieved(relief, () => once(act))),
    vital: watched,
    [Symbol.dispose]: () => {
      if (file.isOpen) file.close();
    },
  };
}

/** Result codes of sqlite (sqlite.org/rescode.html): held by another, no room for the file or for its shared index, a damaged file, no database at all. */
const codes = { busy: 5, full: 13, shmSize: 4_874, corrupt: 11, notADatabase: 26 } as const;

function codeOf(cause: unknown): number {
  return cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) : 0;
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw faultOf(path, cause);
  }
}

function faultOf(path: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = codeOf(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === codes.full || code === codes.shmSize || toFault(cause).code === 'disk-full') return new Fault('disk-full', `${path}: ${message}`, {}, cause);
  // The kind is in the low byte, what about it in the others.
  const damaged = (code & 0xff) === codes.corrupt || code === codes.notADatabase;
  return new Fault('storage-failed', `${path}: ${message}`, damaged ? { damaged } : {}, cause);
}

/**
 * Makes the folder (0700) and holds it until disposed: two agents on one folder would fight over one identity.
 * A lock of the kernel on a file of its own, so that kill -9 frees it and `state.db` stays readable for tools.
 * Faults: `conflict` when another process holds it, `storage-failed` for a folder that this process may not write.
 */
export function lockFolder(folder: string): Disposable {
  const file = writable(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // sqlite opens what it may only read too, and would take the lock that it cannot have for somebody else's.
    closeSync(openSync(join(folder, 'lock.db'), 'a', 0o600));
    return new DatabaseSync(join(folder, 'lock.db'), { timeout: 1_000 });
  });
  try {
    // Nothing is ever written there: a journal of its own would find no room on a full disk.
    file.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
  } catch (cause) {
    file.close();
    if (codeOf(cause) !== codes.busy) throw faultOf(join(folder, 'lock.db'), cause);
    throw new Fault('conflict', `another agent runs on ${folder}: one folder is one device`, {}, cause);
  }
  return { [Symbol.dispose]: () => file.close() };
}
