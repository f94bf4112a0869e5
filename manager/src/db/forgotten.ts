import { sql } from 'drizzle-orm';
import { device } from './schema.ts';

/** The life of a device that was forgotten: what is left of it is an identity that stays refused. Each other life is above it. */
export const noLife = 0;

/** Over `device`: the device is one that people may see and name. */
export const notForgotten = sql`${device.generation} > ${sql.raw(String(noLife))}`;
