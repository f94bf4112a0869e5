import { and, eq, sql } from 'drizzle-orm';
import { type Db, wave } from '../db/index.ts';
import { type Writer, lockDevices } from '../device/index.ts';
import { takeOver } from './plan/store.ts';
import { type Shown, deploymentsIn } from './store.ts';

/**
 * A rollout that waited for approval begins: its first wave opens, and what its devices wait for in other rollouts of the app is
 * over. Until then it was but a plan, and took nobody from anybody. Out: how many deployments it took over.
 */
export async function begin(tx: Db, { rollout }: Shown, { actor, writer }: { actor: string; writer: Writer }): Promise<number> {
  const { id, app } = rollout;
  const waiting = async (): Promise<string[]> => (await deploymentsIn(tx, { rolloutId: id, states: ['waiting'] })).map((row) => row.deviceId);
  await lockDevices(tx, await waiting());
  // Looked at again under the locks: a newer rollout may have begun on some of them meanwhile.
  const superseded = await takeOver(tx, { id, app, devices: await waiting(), actor, nowMs: writer.nowMs });
  await tx.update(wave).set({ openedAt: sql`coalesce(${wave.openedAt}, ${new Date(writer.nowMs).toISOString()}::timestamptz)` }).where(and(eq(wave.rolloutId, id), eq(wave.n, 1)));
  return superseded;
}
