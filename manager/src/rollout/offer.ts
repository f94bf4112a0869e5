import { AppName, DeviceId } from '@pier/shared/core';
import type { TrustPolicy } from '@pier/shared/signing';
import type { Verdict } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import { type Writer, assign, bindingsOf, lockDevices, placeKey } from '../device/index.ts';
import { consentTo } from './consent.ts';
import { openTo, reasonOf, reasonToWait, wayBack } from './rules/index.ts';
import { type DeploymentRow, type Move, type Shown, inFlightCount, offeredBefore, reportedOf, storeMoves } from './store.ts';
import { type Waiting, reachableAmong, reachableOf } from './waiting.ts';
import { plansOf, soakOf } from './waves.ts';

export type Offering = {
  readonly after: string;
  readonly limit: number;
  readonly policy: TrustPolicy;
  readonly writer: Writer;
  /** How long a device may take to take an offer up. */
  readonly offerS: number;
};

/** So many are looked at in any case: most of them may lack consent. */
const pageMin = 50;

/** How far an offering got: where the next page starts, if there is one, and whether there was no room for more. */
export type Offered = { readonly next: string | undefined; readonly full: boolean; readonly offered: number };

/**
 * Offers the release to a page of devices that are there, whose wave is open and whose owners agreed to all it asks for; the
 * others wait and say why. The rollout's lock makes the limit exact: only its holder adds to what is in flight.
 */
export async function offerPage(tx: Db, of: Shown, { after, limit, policy, writer, offerS }: Offering): Promise<Offered> {
  const { rollout } = of;
  const room = rollout.maxInFlight - (await inFlightCount(tx, rollout.id));
  if (room <= 0) return { next: undefined, full: true, offered: 0 };
  const waves = await plansOf(tx, rollout.id);
  const waiting: Waiting = { rolloutId: rollout.id, app: rollout.app, openTo: openTo(waves), hasPolicy: true, nowMs: writer.nowMs };
  const size = Math.min(limit, Math.max(room, pageMin));
  const page = await reachableOf(tx, waiting, { after, limit: size });
  if (page.length === 0) return { next: undefined, full: false, offered: 0 };
  await lockDevices(tx, page);
  const judged = await judge(tx, of, { rows: await reachableAmong(tx, waiting, page), policy });
  const covered = judged.filter(({ consent }) => consent.ok).map(({ row }) => row);
  const actor = `rollout:${rollout.id}`;
  const soaks = (row: DeploymentRow): number => soakOf(waves, row.wave, rollout.soakS);
  const { offers, tooLarge, left } = await offerUpTo(tx, of, { room, rows: covered, soaks, writer, offerS });
  const refused = judged.flatMap(({ row, consent }) => (consent.ok ? [] : [{ from: row, reason: reasonToWait(consent.refusal) }]));
  const waits = [...refused, ...tooLarge.map((from) => ({ from, reason: reasonOf('device.document-too-large') }))];
  const news = waits.filter(({ from, reason }) => from.reasonCode !== reason.code || from.reasonText !== reason.reason);
  await storeMoves(tx, [...offers, ...news.map(({ from, reason }): Move => ({ from, to: 'waiting', reason, actor }))], writer.nowMs);
  const full = left > 0;
  return { next: full || page.length < size ? undefined : page.at(-1), full, offered: offers.length };
}

type Judged = { readonly row: DeploymentRow; readonly consent: Verdict<unknown> };

/** Boards and bindings of a fleet are much alike: the same ones are judged once. */
async function judge(tx: Db, { release }: Shown, { rows, policy }: { rows: readonly { deployment: DeploymentRow; profile: unknown }[]; policy: TrustPolicy }): Promise<Judged[]> {
  const bindings = await bindingsOf(tx, rows.map(({ deployment }) => deployment.deviceId));
  const known = new Map<string, Verdict<unknown>>();
  return rows.map(({ deployment: row, profile }) => {
    const bound = bindings.get(row.deviceId)?.get(release.app);
    const key = JSON.stringify([profile, bound]);
    const consent = known.get(key) ?? consentTo({ release, bindings: bound, profile, policy });
    known.set(key, consent);
    return { row, consent };
  });
}

type ToOffer = { readonly rows: readonly DeploymentRow[]; readonly soaks: (row: DeploymentRow) => number; readonly writer: Writer; readonly offerS: number };

/** Offers to as many as there is room for. A device whose document would be too large takes no other's place. */
async function offerUpTo(tx: Db, of: Shown, { room, rows, ...how }: ToOffer & { readonly room: number }): Promise<{ offers: Move[]; tooLarge: DeploymentRow[]; left: number }> {
  const [offers, tooLarge]: [Move[], DeploymentRow[]] = [[], []];
  let left = rows;
  while (left.length > 0 && offers.length < room) {
    const batch = left.slice(0, room - offers.length);
    left = left.slice(batch.length);
    const made = await makeOffers(tx, of, { rows: batch, ...how });
    const offered = new Set(made.map(({ from }) => from.deviceId));
    offers.push(...made);
    tooLarge.push(...batch.filter((row) => !offered.has(row.deviceId)));
  }
  return { offers, tooLarge, left: left.length };
}

async function makeOffers(tx: Db, { rollout, release }: Shown, { rows, soaks, writer, offerS }: ToOffer): Promise<Move[]> {
  const actor = `rollout:${rollout.id}`;
  const reported = await reportedOf(tx, rows.map((row) => row.deviceId), rollout.app);
  const again = await offeredBefore(tx, rollout.id, rows.map((row) => row.deviceId));
  const { attempts } = await assign(
    tx,
    rows.map((row) => ({ device: DeviceId.parse(row.deviceId), app: AppName.parse(row.app), releaseId: release.id, soakS: soaks(row), setBy: actor })),
    writer,
  );
  const deadlineAt = new Date(writer.nowMs + offerS * 1_000);
  return rows.flatMap((from): Move[] => {
    const attempt = attempts.get(placeKey(from.deviceId, from.app));
    if (attempt === undefined) return [];
    const fromDigest = again.has(from.deviceId) ? from.fromDigest : wayBack(release.digest, reported.get(from.deviceId));
    return [{ from, to: 'offered', attempt, reason: null, deadlineAt, actor, fromDigest, retryAt: null }];
  });
}
