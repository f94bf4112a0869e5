import type { AppName } from '@pier/shared/core';
import type { Reported, ReportedApp } from '@pier/shared/wire';
import type { Alive, LastEnd } from '../guest.ts';
import type { AppRecord, Hold, Store } from '../store/index.ts';

export type ReportedBody = Omit<Reported, 'gen' | 'boot' | 'seq'>;

/** The whole of what this device is, from its store and its guests. */
export function reportedOf({ store, policy, alive, lastEnd }: { store: Store; policy: number; alive: (app: AppName) => Alive | undefined; lastEnd: (app: AppName) => LastEnd | undefined }): ReportedBody {
  const desired = store.settings.get('desired');
  const dropped = store.outbox.dropped();
  const refused = store.settings.get('desiredRefused');
  return {
    rev: desired?.rev ?? 0,
    desired: desired?.hash ?? null,
    policy,
    apps: Object.fromEntries([...store.apps.all()].map(([app, record]) => [app, appOf(record, alive(app), lastEnd(app))])),
    ...(refused ? { desiredRefused: refused } : {}),
    ...(store.disk.full ? { disk: store.disk.full } : {}),
    ...(Object.keys(dropped).length > 0 ? { dropped } : {}),
  };
}

function appOf({ progress, lastGood, previousGood, hold, wanted }: AppRecord, running: Alive | undefined, lastEnd: LastEnd | undefined): ReportedApp {
  return {
    // An app that is being removed is on no attempt any more.
    ...(progress && wanted ? { attempt: progress.attempt, digest: progress.digest, state: progress.state, ...(progress.reason ? { reason: progress.reason } : {}) } : {}),
    ...(running ? { running: { digest: running.digest, version: running.version, counter: running.counter, restarts: running.restarts, sinceMs: running.sinceMs } } : {}),
    ...(lastGood ? { lastGood } : {}),
    ...(previousGood ? { previousGood } : {}),
    ...(hold ? { hold: holdOf(hold) } : {}),
    ...(lastEnd ? { lastEnd } : {}),
  };
}

function holdOf(hold: Hold): NonNullable<ReportedApp['hold']> {
  const { kind, by, forS } = hold;
  return { kind, by, forS, ...(hold.kind === 'deployed' ? { digest: hold.digest } : {}) };
}
