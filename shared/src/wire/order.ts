import * as z from 'zod';

const Ordinal = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/**
 * A total order over all messages of a device: enrolment generation, then agent start, then message.
 * A re-flashed board that starts at boot 1 again has a higher generation and is heard.
 */
export const Order = z.object({ gen: Ordinal, boot: Ordinal, seq: Ordinal });
export type Order = z.infer<typeof Order>;

/** Negative when `a` is older than `b`, positive when newer, 0 when it is the same message. */
export function compareOrder(a: Order, b: Order): number {
  return a.gen - b.gen || a.boot - b.boot || a.seq - b.seq;
}
