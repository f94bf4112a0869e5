import { eq } from 'drizzle-orm';
import { type Db, device } from '../db/index.ts';

/** Which devices are trusted no more, known without asking the database: every connection and every request asks. */
export type Revocations = {
  readonly has: (device: string) => boolean;
  /** From now on; what is open of its connections is ended through `onRevoked`. */
  readonly add: (device: string) => void;
};

/** The revocations of before, and those to come. `onRevoked` is told of each that is added, after it counts. */
export async function openRevocations({ db, onRevoked }: { db: Db; onRevoked: (device: string) => void }): Promise<Revocations> {
  const rows = await db.select({ id: device.id }).from(device).where(eq(device.state, 'revoked'));
  const revoked = new Set(rows.map(({ id }) => id));
  return {
    has: (id) => revoked.has(id),
    add: (id) => {
      revoked.add(id);
      onRevoked(id);
    },
  };
}
