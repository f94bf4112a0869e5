import { eq, isNotNull } from 'drizzle-orm';
import { type Clock, type Log, toFault } from '@pier/shared/core';
import type { ManagerEventType } from '@pier/shared/wire';
import { type Db, device, event, inTransaction, storeAudit } from '../db/index.ts';

type Deps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly onChanged: (devices: readonly string[]) => void };
/** What the broker saw of a device's identity. */
export type SeenConflict = { readonly device: string; readonly state: 'began' | 'over'; readonly addresses: readonly string[]; /** The key that one came with and the device gave up, and the one that came after it. */ readonly keys?: { readonly givenUp: string; readonly inForce: string | undefined } };

export type IdentityAlarm = AsyncDisposable & { readonly take: (conflict: SeenConflict) => void };

const actor = 'manager';
/** The broker tells of each change once: while the database is away it is told again, for as long as a restart of it may take. */
const again = { everyMs: 5_000, triesMax: 60 } as const;

/**
 * Keeps, with the device, that two boards come with its identity: people see it in its standing, its events and the record.
 * What an earlier process of the manager saw is let go of: two boards that are still there show it again within a minute.
 */
export async function openIdentityAlarm(deps: Deps): Promise<IdentityAlarm> {
  await deps.db.update(device).set({ alarm: null }).where(isNotNull(device.alarm));
  const stopping = new AbortController();
  let queue = Promise.resolve();
  return {
    take: (conflict) => {
      queue = queue.then(() => storeInTheEnd(conflict, deps, stopping.signal));
    },
    [Symbol.asyncDispose]: () => {
      stopping.abort();
      return queue;
    },
  };
}

async function storeInTheEnd(conflict: SeenConflict, deps: Deps, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await store(conflict, deps);
    } catch (error) {
      deps.log.error({ device: conflict.device, error: toFault(error).message, tries }, 'identity-conflict.not-stored');
    }
    if (signal.aborted || tries >= again.triesMax) return;
    await deps.clock.sleep(again.everyMs, signal).catch(() => {
      // The manager ends: one more try, and no wait.
    });
  }
}

async function store({ device: id, state, addresses, keys }: SeenConflict, { db, clock, log, onChanged }: Deps): Promise<void> {
  const nowMs = clock.nowMs();
  const from = addresses.slice(0, 8).join(' and ');
  const alarm = { code: 'identity-conflict', reason: `Two boards come with the identity of this device, from ${from}: one may be a copied card. ${whoStays(keys)} End both with: pier device revoke ${id}; then enrol each board anew, with an empty data folder and a claim token of its own.` };
  const over = 'Only one board has come with the identity of this device for a while, or the identity was ended.';
  const isStored = await inTransaction(db, async (tx) => {
    const [found] = await tx.select({ alarm: device.alarm }).from(device).where(eq(device.id, id)).for('update');
    if (!found || (found.alarm !== null) === (state === 'began')) return false;
    await tx.update(device).set({ alarm: state === 'began' ? alarm : null }).where(eq(device.id, id));
    // No order of the device's own: the manager says it.
    const said: { type: ManagerEventType; code: string | null; reason: string } = state === 'began' ? { type: 'identity.conflict', code: alarm.code, reason: alarm.reason } : { type: 'identity.conflict-over', code: null, reason: over };
    await tx.insert(event).values({ deviceId: id, gen: 0, boot: 0, seq: nowMs, ...said, receivedAt: new Date(nowMs) }).onConflictDoNothing();
    await storeAudit(tx, [{ actor, action: state === 'began' ? 'device.identity-conflict' : 'device.identity-conflict-over', object: `device:${id}`, detail: { addresses, ...keys } }], nowMs);
    return true;
  });
  if (!isStored) return;
  log[state === 'began' ? 'error' : 'info']({ device: id, addresses, ...keys }, state === 'began' ? 'device.identity-conflict' : 'device.identity-conflict-over');
  onChanged([id]);
}

/** As much of a key's fingerprint as people compare; the whole ones are in the audit. */
const shown = (keyId: string): string => `${keyId.slice(0, 16)}…`;

function whoStays(keys: SeenConflict['keys']): string {
  if (!keys) return 'The one that was connected stays, the other is refused.';
  const newer = keys.inForce === undefined ? 'a newer one' : `the key ${shown(keys.inForce)}`;
  return `One came with the key ${shown(keys.givenUp)}, which was given up when the certificate was renewed, and is refused; the other has ${newer}, and stays: that may be the copy.`;
}
