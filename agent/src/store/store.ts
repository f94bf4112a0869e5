import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppName, Label } from '@pier/shared/core';
import { type Apps, type Numbers, type Releases, appsOf, numbersOf, releasesOf } from './apps.ts';
import { type Blobs, openBlobs } from './blobs.ts';
import { lockFolder, openDatabase } from './database.ts';
import { type Journal, journalOf } from './journal.ts';
import { type Outbox, outboxOf } from './outbox.ts';
import { type Settings, settingsOf } from './settings.ts';
import { written } from './writable.ts';

/** Everything of the device that survives power loss: facts in `state.db`, blobs as files. */
export type Store = Disposable & {
  /** Which start of the agent this is. */
  readonly boot: number;
  readonly settings: Settings;
  readonly apps: Apps;
  readonly releases: Releases;
  readonly numbers: Numbers;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly blobs: Blobs;
  transaction<T>(act: () => T): T;
  /** The private folder of an app's storage, made if need be. */
  storageFolder(app: AppName, label: Label): Promise<string>;
};

/**
 * Opens a device's folder for this process alone, and counts the start.
 * Faults: `conflict` when another agent runs on it, `storage-failed`, `schema-newer`, `disk-full`.
 */
export async function openStore(folder: string): Promise<Store> {
  using stack = new DisposableStack();
  stack.use(lockFolder(folder));
  const database = stack.use(openDatabase(folder));
  const settings = settingsOf(database);
  const boot = (settings.get('boot') ?? 0) + 1;
  settings.set('boot', boot);
  const blobs = await openBlobs(join(folder, 'blobs'));
  const held = stack.move();
  return {
    boot,
    settings,
    apps: appsOf(database),
    releases: releasesOf(database),
    numbers: numbersOf(database),
    journal: journalOf(database),
    outbox: outboxOf(database),
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
