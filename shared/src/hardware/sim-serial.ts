/** What the wire of a simulated board says about its serial ports. */
import * as z from 'zod';

/** How a part spoils its answers: a wrong check sum, none at all, seconds late, only its first half, bits flipped on the way. */
export const SerialFault = z.enum(['crc', 'silent', 'slow', 'partial', 'noise', 'none']);
export type SerialFault = z.infer<typeof SerialFault>;

/** A serial port of a simulated board, as its own side sees it. */
export const SimPort = z.strictObject({
  port: z.string(),
  /** The stable path that people and bindings name. */
  path: z.string(),
  /** The terminal behind it at the moment; null while it is unplugged. */
  device: z.string().nullable(),
  part: z.string(),
  kind: z.string(),
  /** Line speed that whoever opened it last has set. */
  baud: z.int().nullable(),
  fault: SerialFault,
  /** Answers that the fault still spoils; null while it lasts until told otherwise. */
  faultsLeft: z.int().nullable(),
  /** Counted since the board started: bytes from and to the client, whole frames heard, those with a wrong check sum, answers given. */
  bytesIn: z.int(),
  bytesOut: z.int(),
  frames: z.int(),
  crcErrors: z.int(),
  answers: z.int(),
  /** Bytes for a client that did not read them in time. */
  bytesLost: z.int(),
  /** What its part measures now, by the names that `part` takes. */
  values: z.record(z.string(), z.number()),
});
export type SimPort = z.infer<typeof SimPort>;
