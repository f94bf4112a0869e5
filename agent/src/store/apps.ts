import * as z from 'zod';
import { AppName, Attempt, Counter, Digest, Rev } from '@pier/shared/core';
import { AttemptState, DesiredApp, Reason, ReleaseOnDevice } from '@pier/shared/wire';
import type { Database } from './database.ts';
import { decode } from './settings.ts';

/** How far the attempt last taken up has come; `rev` is that of the document it came with. */
export const Progress = z.strictObject({ attempt: Attempt, digest: Digest, rev: Rev, state: AttemptState, reason: Reason.optional() });
export type Progress = z.infer<typeof Progress>;

/**
 * A person's override of what is desired, for a time. `leftMs` is what is left of `forS`: a device's wall clock proves nothing,
 * so the time is counted while the agent lives, and what passed without it is not counted. A hold may last longer, never shorter.
 */
export const Hold = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stopped'), by: z.string().max(256), forS: z.int().min(1), leftMs: z.number(), attempt: Attempt }),
  z.strictObject({
    kind: z.literal('deployed'),
    by: z.string().max(256),
    forS: z.int().min(1),
    leftMs: z.number(),
    /** The attempt that was wanted when the hold began; another one ends it. */
    attempt: Attempt,
    digest: Digest,
    repository: z.string(),
    /** It has passed its soak here. The floor and the last good release are the attempts' business, and stay as they are. */
    isProven: z.boolean(),
  }),
]);
export type Hold = z.infer<typeof Hold>;

/** All that the device knows of one app; it survives power loss. */
export const AppRecord = z.strictObject({
  /** As the desired document in force has it; null: to be removed. */
  wanted: DesiredApp.extend({ rev: Rev }).nullable(),
  progress: Progress.nullable(),
  /** The release that runs, and is started again after a reboot, unless a hold says otherwise. */
  current: Digest.nullable(),
  lastGood: ReleaseOnDevice.nullable(),
  /** The good release before `lastGood`. */
  previousGood: ReleaseOnDevice.nullable(),
  hold: Hold.nullable(),
});
export type AppRecord = z.infer<typeof AppRecord>;
export type Wanted = NonNullable<AppRecord['wanted']>;

const Blob = z.strictObject({ digest: Digest, sizeBytes: z.int().min(0) });

/** Where the evidence lies from which a release can be judged again without a network. */
export const ReleaseRecord = z.strictObject({
  app: AppName,
  version: z.string(),
  counter: Counter,
  repository: z.string(),
  manifest: Blob,
  config: Blob,
  signatures: Blob,
  layer: Blob,
  /** Number of the policy under which it was first accepted. */
  policy: z.int().min(0),
});
export type ReleaseRecord = z.infer<typeof ReleaseRecord>;

export type Apps = {
  get(app: AppName): AppRecord | undefined;
  all(): ReadonlyMap<AppName, AppRecord>;
  set(app: AppName, record: AppRecord): void;
  remove(app: AppName): void;
};

export function appsOf(database: Database): Apps {
  return {
    get: (app) => {
      const row = database.one('select record from app where name = ?', app);
      return row === undefined ? undefined : database.vital(() => decode(AppRecord, row['record'], `app "${app}"`));
    },
    all: () => new Map(database.all('select name, record from app order by name').map((row) => [row['name'] as AppName, database.vital(() => decode(AppRecord, row['record'], `app "${String(row['name'])}"`))])),
    set: (app, record) => void database.run('insert into app (name, record) values (?, ?) on conflict (name) do update set record = excluded.record', app, JSON.stringify(record)),
    remove: (app) => void database.run('delete from app where name = ?', app),
  };
}

export type Releases = {
  get(digest: Digest): ReleaseRecord | undefined;
  set(digest: Digest, record: ReleaseRecord): void;
  /** Forgets all but these; returns the blobs that the kept ones need. */
  keepOnly(digests: ReadonlySet<Digest>): ReadonlySet<Digest>;
  /** Faults: `storage-failed` when one of them is damaged. */
  check(): void;
};

export function releasesOf(database: Database): Releases {
  return {
    get: (digest) => {
      const row = database.one('select record from release where digest = ?', digest);
      return row === undefined ? undefined : database.vital(() => decode(ReleaseRecord, row['record'], `release ${digest}`));
    },
    set: (digest, record) => void database.run('insert into release (digest, record) values (?, ?) on conflict (digest) do update set record = excluded.record', digest, JSON.stringify(record)),
    keepOnly: (digests) =>
      database.transaction(() => {
        const needed = new Set<Digest>();
        for (const row of database.all('select digest, record from release')) {
          const digest = row['digest'] as Digest;
          if (!digests.has(digest)) database.run('delete from release where digest = ?', digest);
          else for (const blob of blobsOf(database.vital(() => decode(ReleaseRecord, row['record'], `release ${digest}`)))) needed.add(blob);
        }
        return needed;
      }),
    check: () => {
      for (const row of database.all('select digest, record from release')) decode(ReleaseRecord, row['record'], `release ${String(row['digest'])}`);
    },
  };
}

function blobsOf(release: ReleaseRecord): Digest[] {
  return [release.manifest.digest, release.config.digest, release.signatures.digest, release.layer.digest];
}

/** The highest release of an app that has passed its soak here. */
export type Floor = { readonly counter: number; readonly digest: Digest };

/** Numbers that only rise: the anti-rollback floor of each app, and the highest number seen of each key. */
export type Numbers = {
  floor(app: AppName): Floor | undefined;
  raiseFloor(app: AppName, floor: Floor): void;
  ofKey(key: string): number | undefined;
  raiseKey(key: string, number: number): void;
};

export function numbersOf(database: Database): Numbers {
  return {
    floor: (app) => {
      const row = database.one('select counter, digest from floor where app = ?', app);
      return row === undefined ? undefined : { counter: Number(row['counter']), digest: row['digest'] as Digest };
    },
    raiseFloor: (app, floor) =>
      void database.run(
        `insert into floor (app, counter, digest) values (?, ?, ?)
         on conflict (app) do update set counter = excluded.counter, digest = excluded.digest where excluded.counter > counter`,
        app,
        floor.counter,
        floor.digest,
      ),
    ofKey: (key) => {
      const row = database.one('select number from key_number where key = ?', key);
      return row === undefined ? undefined : Number(row['number']);
    },
    raiseKey: (key, number) => void database.run('insert into key_number (key, number) values (?, ?) on conflict (key) do update set number = max(number, excluded.number)', key, number),
  };
}
