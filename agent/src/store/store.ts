import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AppName, type Label, toFault } from '@pier/shared/core';
import { replaceFile, temporarySuffix } from '@pier/shared/disk';
import { type Apps, type Numbers, type Releases, appsOf, numbersOf, releasesOf } from './apps.ts';
import { type Blobs, openBlobs } from './blobs.ts';
import { losses, putAside, salvage } from './aside.ts';
import { type Database, isDamage, lockFolder, openDatabase } from './database.ts';
import { type Disk, openDisk } from './disk.ts';
import { type Journal, journalOf } from './journal.ts';
import { type Outbox, outboxOf } from './outbox.ts';
import { type Settings, settingsOf } from './settings.ts';
import { written } from './writable.ts';

/** Everything of the device that survives power loss: facts in `state.db`, blobs as files. */
export type Store = Disposable & {
  /** Fires, with the fault, when the database turns out to be damaged while it is in use: the next start puts it aside. */
  readonly damage: AbortSignal;
  /** Which start of the agent this is. */
  readonly boot: number;
  readonly settings: Settings;
  readonly apps: Apps;
  readonly releases: Releases;
  readonly numbers: Numbers;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly blobs: Blobs;
  readonly disk: Disk;
  transaction<T>(act: () => T): T;
  /** The private folder of an app's storage, made if need be. */
  storageFolder(app: AppName, label: Label): Promise<string>;
};

/**
 * Opens a device's folder for this process alone, and counts the start. A damaged database is put aside (`settings.lost` says so).
 * Faults: `conflict` when another agent runs on it, `storage-failed`, `schema-newer`, `disk-full`.
 */
export async function openStore(folder: string): Promise<Store> {
  using stack = new DisposableStack();
  stack.use(lockFolder(folder));
  await removeTorn(folder);
  const disk = openDisk(folder);
  const starts = await readStarts(folder);
  const damage = new AbortController();
  const opened = openFacts(folder, { disk, starts, damage });
  stack.use(opened.database);
  const { facts, database } = opened;
  const boot = Math.max(opened.boot, starts, losses(folder) * bootsPerLoss) + 1;
  facts.settings.set('boot', boot);
  await writeStarts(folder, boot, disk);
  const blobs = await openBlobs(join(folder, 'blobs'), { disk });
  const held = stack.move();
  return {
    boot,
    ...facts,
    damage: damage.signal,
    disk,
    blobs,
    transaction: (act) => database.transaction(act),
    storageFolder: async (app, label) => {
      const path = join(folder, 'storage', app, label);
      await written(path, () => mkdir(path, { recursive: true, mode: 0o700 }));
      return path;
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

type Facts = Pick<Store, 'settings' | 'apps' | 'releases' | 'numbers' | 'journal' | 'outbox'>;
type On = { readonly disk: Disk; readonly starts: number; readonly damage: AbortController };
type Opened = { readonly database: Database; readonly facts: Facts; readonly boot: number };

/** When nothing else says how often this device has started: more often than it can have between two losses. */
const bootsPerLoss = 2 ** 20;

/** The database, or an empty one with what could be saved when it is damaged or gone. */
function openFacts(folder: string, on: On): Opened {
  try {
    const opened = tryFacts(folder, on);
    if (opened.boot >= on.starts) return opened;
    if (opened.boot > 0) return forgetful(folder, opened);
    opened.database[Symbol.dispose]();
    return startAnew(folder, `${join(folder, 'state.db')} was gone, or empty`, on);
  } catch (cause) {
    const fault = toFault(cause);
    if (!isDamage(fault)) throw fault;
    return startAnew(folder, fault.message, on);
  }
}

/** It has started more often than it knows: its newest writes were in a log that came back damaged, and sqlite left them out. */
function forgetful(folder: string, opened: Opened): Opened {
  const { settings } = opened.facts;
  opened.database.transaction(() => {
    const desired = settings.get('desired');
    if (desired) settings.set('desired', { ...desired, hash: null });
    settings.set('lost', { reason: `${join(folder, 'state.db')} came back without its newest writes`, floor: null, told: false });
  });
  return opened;
}

/** Faults: `storage-failed` when anything in it that the agent cannot do without is damaged. */
function tryFacts(folder: string, { disk, damage }: On): Opened {
  using stack = new DisposableStack();
  let isInUse = false;
  const database = stack.use(openDatabase(folder, { relief: () => disk.give(), onDamage: (fault) => isInUse && damage.abort(fault) }));
  const facts = factsOf(database);
  facts.settings.check();
  facts.apps.all();
  facts.releases.check();
  facts.journal.unfinished();
  stack.move();
  isInUse = true;
  return { database, facts, boot: facts.settings.get('boot') ?? 0 };
}

function startAnew(folder: string, reason: string, on: On): Opened {
  const broken = putAside(folder);
  const { database, facts } = tryFacts(folder, on);
  const boot = database.transaction(() => {
    const saved = salvage(folder, facts);
    facts.settings.set('lost', { reason: `${reason}; it lies in ${broken} now`.slice(0, 1_000), floor: null, told: false });
    return saved;
  });
  return { database, facts, boot };
}

function factsOf(database: Database): Facts {
  return { settings: settingsOf(database), apps: appsOf(database), releases: releasesOf(database), numbers: numbersOf(database), journal: journalOf(database), outbox: outboxOf(database) };
}

/** What agents before this one were killed over, whoever of them wrote it; without it each such kill would leave a file for good. */
async function removeTorn(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith(temporarySuffix)) await written(folder, () => rm(join(folder, name), { force: true }));
}

/** Beside the database, since a device whose count of starts falls back is not heard any more. 0 when there is none to be read. */
async function readStarts(folder: string): Promise<number> {
  const starts = Number(await readFile(join(folder, 'starts'), 'utf8').catch(() => '0'));
  return Number.isSafeInteger(starts) && starts > 0 ? starts : 0;
}

/** A disk that takes no more does not keep a device from starting: the database has it too. */
async function writeStarts(folder: string, boot: number, disk: Disk): Promise<void> {
  const path = join(folder, 'starts');
  try {
    await written(path, () => replaceFile({ path, bytes: `${boot}\n` }));
  } catch (cause) {
    if (toFault(cause).code !== 'disk-full') throw cause;
    disk.note();
  }
}
