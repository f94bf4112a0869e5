import { and, desc, sql } from 'drizzle-orm';
import { type Clock, DeviceId } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import { type Db, device } from '../db/index.ts';

const rememberedMs = 5_000;
const rememberedMax = 256;

/**
 * Which device's agent holds a board. A board hands its profile to whoever opens it, and the agent enrols with that: so the
 * path of a serial port, which lies in the board's own folder, names the board in the device's profile. A board without
 * ports has nothing of its own there, and its device stays unknown.
 */
export class Holders {
  readonly #db: Db;
  readonly #clock: Clock;
  /** Whoever looks at a board asks several times a second, and a fleet is large. */
  readonly #remembered = new Map<string, { readonly untilMs: number; readonly device: DeviceId | null }>();

  constructor({ db, clock }: { db: Db; clock: Clock }) {
    this.#db = db;
    this.#clock = clock;
  }

  async of({ serial: [port] }: BoardProfile): Promise<DeviceId | null> {
    if (!port) return null;
    const nowMs = this.#clock.monotonicMs();
    const remembered = this.#remembered.get(port.path);
    if (remembered && remembered.untilMs > nowMs) return remembered.device;
    const named = JSON.stringify({ serial: [{ path: port.path }] });
    const [row] = await this.#db.select({ id: device.id }).from(device).where(and(sql`${device.state} = 'active'`, sql`${device.profile} @> ${named}::jsonb`)).orderBy(desc(device.createdAt), desc(device.id)).limit(1);
    const found = row ? DeviceId.parse(row.id) : null;
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(port.path, { untilMs: nowMs + rememberedMs, device: found });
    return found;
  }
}
