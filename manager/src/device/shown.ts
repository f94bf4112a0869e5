/** What is told of devices beside their own rows: how they stand and why, and which versions are wanted of their apps. */
import { eq, sql } from 'drizzle-orm';
import type { Device } from '@pier/shared/api';
import { Reason, ReportedApp } from '@pier/shared/wire';
import { type Db, assignment, device, deviceLive, deviceState, isAnyOf, release, rowsAs } from '../db/index.ts';
import { type AppStanding, becauseOf } from './because.ts';
import { among, appStandings, onWorst, placeAt, standingAt, standingPlace, worstOf } from './standing.ts';

export type ShownDevice = Pick<Device, 'standing' | 'why'> & {
  readonly device: typeof device.$inferSelect;
  readonly live: typeof deviceLive.$inferSelect | null;
  readonly reported: (typeof deviceState.$inferSelect)['reported'];
  /** By app. */
  readonly wanted: ReadonlyMap<string, string>;
};

/** Devices by id, in three statements, however many they are; those that there are not are not in it. The caller reads at one moment. */
export async function readShown(tx: Db, ids: readonly string[]): Promise<ReadonlyMap<string, ShownDevice>> {
  const found = await appsOf(tx, ids);
  const places = rowsAs('app', found, { device_id: ['text', (one) => one.device], place: ['bigint', (one) => placeAt(one.standing)] });
  const rows = await tx
    .select({ device, live: deviceLive, reported: deviceState.reported, place: standingPlace })
    .from(device)
    .leftJoin(deviceLive, eq(deviceLive.deviceId, device.id))
    .leftJoin(deviceState, eq(deviceState.deviceId, device.id))
    .leftJoin(worstOf(places), onWorst)
    .where(isAnyOf(device.id, ids));
  const apps = Map.groupBy(found, (one) => one.device);
  const assigned = Map.groupBy(
    await tx.select({ device: assignment.deviceId, app: assignment.app, version: release.version }).from(assignment).innerJoin(release, eq(release.id, assignment.releaseId)).where(isAnyOf(assignment.deviceId, ids)),
    (one) => one.device,
  );
  return new Map(
    rows.map(({ place, ...row }) => {
      const [standing, mine] = [standingAt(place), apps.get(row.device.id) ?? []];
      // What still waits will be brought; everything else is assigned already.
      const coming = mine.flatMap((one) => (one.deployment?.state === 'waiting' ? [[one.app, one.deployment.version] as const] : []));
      const wanted = new Map([...(assigned.get(row.device.id) ?? []).map(({ app, version }) => [app, version] as const), ...coming]);
      return [row.device.id, { ...row, standing, why: becauseOf(standing, mine, { alarm: row.device.alarm, isAwaited: (row.live?.awaitedSince ?? null) !== null }), wanted }];
    }),
  );
}

type Read = {
  readonly device_id: string; readonly app: string; readonly place: number; readonly state: string | null; readonly reason_code: string | null; readonly reason_text: string | null;
  readonly version: string; readonly release_state: string; readonly release_reason: string | null; readonly rollout_state: string; readonly cause: string | null; readonly rollout_reason: string | null;
  readonly manual: boolean; readonly reported: unknown; readonly refused: unknown; readonly by_hand_attempt: string | null;
};

/** The apps that keep devices from being in step, with what tells why. */
async function appsOf(tx: Db, ids: readonly string[]): Promise<AppStanding[]> {
  const { rows } = await tx.execute<Read>(sql`
    select s.device_id, s.app, s.place, d.state, d.reason_code, d.reason_text, rel.version, rel.state as release_state, rel.reason_text as release_reason, r.state as rollout_state, r.cause, r.reason_text as rollout_reason,
      exists (select from wave own join wave before on before.rollout_id = own.rollout_id and before.n = own.n - 1
        where own.rollout_id = d.rollout_id and own.n = d.wave and own.state = 'pending' and before.state = 'passed' and before.plan ->> 'advance' = 'manual') as manual,
      st.reported -> 'apps' -> s.app as reported, st.reported -> 'desiredRefused' as refused, a.attempt as by_hand_attempt
    from (${appStandings(among(ids))}) s
    left join deployment d on d.rollout_id = s.rollout_id and d.device_id = s.device_id
    left join rollout r on r.id = d.rollout_id
    left join release rel on rel.id = r.release_id
    left join device_state st on st.device_id = s.device_id
    left join assignment a on a.device_id = s.device_id and a.app = s.app and a.by_hand
    order by s.app`);
  return rows.map((row) => ({
    device: row.device_id,
    app: row.app,
    standing: standingAt(row.place),
    deployment: row.state === null ? undefined : { state: row.state, version: row.version, reason: row.reason_code === null ? null : { code: row.reason_code, reason: row.reason_text ?? '' } },
    rollout: { state: row.rollout_state, cause: row.cause, reason: row.rollout_reason, manual: row.manual },
    release: { state: row.release_state, reason: row.release_reason },
    reported: ReportedApp.safeParse(row.reported).data,
    desiredRefused: Reason.safeParse(row.refused).data,
    byHandAttempt: row.by_hand_attempt === null ? undefined : Number(row.by_hand_attempt),
  }));
}
