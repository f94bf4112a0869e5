import { AppName, DeviceId } from '@pier/shared/core';
import type { ReportedApp } from '@pier/shared/wire';
import type { Db } from '../db/index.ts';
import { type AssignmentChange, type Writer, assign } from '../device/index.ts';
import { type FallBack, fallBack } from './rules/index.ts';
import { verifiedReleases } from './store.ts';

export type Ended = {
  readonly device: string;
  readonly app: string;
  readonly ended: 'failed' | 'refused' | 'withdrawn';
  /** The release that was offered. */
  readonly offered: { readonly id: string; readonly digest: string };
  /** What ran well there before the first offer. */
  readonly before: string | null;
  readonly soakS: number;
  readonly setBy: string;
  readonly reported: ReportedApp | undefined;
};

/**
 * Writes what devices should run after an offer came to nothing (rules/fall-back.ts says what). A release that this manager
 * does not know as verified is never gone back to, whatever a device reports; where an offer is taken back and nothing else is
 * left to go back to, the app is taken off, since what was offered would go on there unwatched. An offer that is taken back
 * changes its attempt in any case, so that a late report about it moves nothing. The caller holds the devices' locks; all are
 * of one app.
 */
export async function assignAfter(tx: Db, ends: readonly Ended[], writer: Writer): Promise<void> {
  const [first] = ends;
  if (!first) return;
  const wanted = ends.map((end) => ({ end, to: fallBack(end.ended, end.offered.digest, end.reported) }));
  const digests = wanted.flatMap(({ end, to }) => (typeof to === 'object' ? [to.to, end.before ?? []].flat() : []));
  const known = await verifiedReleases(tx, first.app, digests);
  const changes = wanted.flatMap(({ end, to }) => changeFor(end, to, known));
  const { tooLarge } = await assign(tx, changes, writer);
  // Without the app a document is smaller than the one that offered it.
  const withdrawn = new Set(ends.filter(({ ended }) => ended === 'withdrawn').map(({ device }) => device));
  await assign(tx, changes.filter(({ device }) => tooLarge.has(device) && withdrawn.has(device)).map((change) => ({ ...change, releaseId: null })), writer);
}

function changeFor(end: Ended, to: FallBack, known: ReadonlyMap<string, string>): AssignmentChange[] {
  const base = { device: DeviceId.parse(end.device), app: AppName.parse(end.app), soakS: end.soakS, setBy: end.setBy };
  const told = typeof to === 'object' ? known.get(to.to) : undefined;
  if (told !== undefined) return [{ ...base, releaseId: told }];
  if (end.ended !== 'withdrawn') return [];
  // What it runs by its own word, and not by the rollout's any more.
  if (to === 'keep') return [{ ...base, releaseId: end.offered.id, setBy: `device:${end.device}` }];
  const kept = to === 'remove' || end.before === end.offered.digest ? undefined : known.get(end.before ?? '');
  return [{ ...base, releaseId: kept ?? null }];
}
