import type { Duplex } from 'node:stream';
import { newFrameGuard } from './frame-guard.ts';

type Limits = { readonly packetBytesMax: number; readonly lagBytesMax: number; readonly outboundBytesMax: number };
type Written = (error?: Error | null) => void;
type Reports = { readonly onMalformed: (why: string) => void; readonly onSlow: () => void };

/**
 * Puts our own bounds around a connection before aedes gets it. What it reads passes the frame guard. What is written to it
 * makes a sender wait only when the reader lags by `lagBytesMax`: aedes would hold up a message for everybody as soon as
 * 16 KiB wait, and drop who does not read them within the drain time-out, which a board on a thin line cannot.
 */
export function guardConnection(conn: Duplex, limits: Limits, { onMalformed, onSlow }: Reports): void {
  const guard = newFrameGuard(limits.packetBytesMax);
  const read = conn.read.bind(conn);
  conn.read = (size) => {
    const chunk: unknown = read(size);
    if (!(chunk instanceof Uint8Array)) return null;
    const wrong = guard.feed(chunk);
    if (wrong === undefined) return chunk;
    onMalformed(wrong);
    conn.destroy();
    return null;
  };
  const write = conn.write.bind(conn);
  conn.write = (chunk: unknown, encoding?: BufferEncoding | Written, written?: Written): boolean => {
    if (conn.destroyed) return true;
    if (typeof encoding === 'string') write(chunk, encoding, written);
    else write(chunk, encoding);
    if (conn.writableLength > limits.outboundBytesMax) {
      onSlow();
      conn.destroy();
    }
    return conn.writableLength <= limits.lagBytesMax;
  };
}
