import { and, eq } from 'drizzle-orm';
import { type AppName, type DeviceId, Digest } from '@pier/shared/core';
import type { AttemptState, Reported, ReportedApp } from '@pier/shared/wire';
import { type Db, assignment, release } from '../../db/index.ts';
import { presence, reported } from '../../device/testing/device-world.ts';

type Say = (id: DeviceId, topic: 'presence' | 'reported', message: unknown) => Promise<void>;

/** A device as the manager hears it: it says what it is told to say, in order. */
export class SpeakingDevice {
  readonly id: DeviceId;
  readonly #db: Db;
  readonly #say: Say;
  #seq = 0;
  #apps: Record<string, ReportedApp> = {};

  constructor({ db, id, say }: { db: Db; id: DeviceId; say: Say }) {
    this.id = id;
    this.#db = db;
    this.#say = say;
  }

  async comesOnline(): Promise<this> {
    await this.#say(this.id, 'presence', presence({ seq: (this.#seq += 1) }));
    return this;
  }

  async goesOffline(): Promise<void> {
    await this.#say(this.id, 'presence', { gen: 1, boot: 1, seq: (this.#seq += 1), online: false, conn: 'c1' });
  }

  /** Says how far it is with what it is assigned; what it said of the app before stays said, unless said otherwise. */
  async reports(app: AppName, state: AttemptState, more: Partial<ReportedApp> = {}): Promise<void> {
    const [row] = await this.#db.select({ attempt: assignment.attempt, digest: release.digest, version: release.version, counter: release.counter }).from(assignment).innerJoin(release, eq(release.id, assignment.releaseId)).where(and(eq(assignment.deviceId, this.id), eq(assignment.app, app)));
    if (!row) throw new Error(`nothing is assigned to ${this.id} of ${app}`);
    const { attempt, version, counter } = row;
    const digest = Digest.parse(row.digest);
    const here = { digest, version, counter };
    const good = state === 'proven' ? { running: { ...here, restarts: 0, sinceMs: 1 }, lastGood: here, ...(this.#apps[app]?.lastGood ? { previousGood: this.#apps[app].lastGood } : {}) } : {};
    const bad = state === 'failed' || state === 'refused' ? { reason: { code: 'guest-trapped', reason: 'unreachable executed' } } : {};
    const { reason: _reason, hold: _hold, ...before } = this.#apps[app] ?? {};
    await this.says({ [app]: { ...before, attempt, digest, state, ...good, ...bad, ...more } });
  }

  async says(apps: Record<string, ReportedApp>, more: Partial<Reported> = {}): Promise<void> {
    this.#apps = { ...this.#apps, ...apps };
    await this.#say(this.id, 'reported', reported({ seq: (this.#seq += 1), apps: this.#apps, ...more }));
  }
}
