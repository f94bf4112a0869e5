import type { IncomingMessage } from 'node:http';
import { Fault } from '@pier/shared/core';

/** A request's whole body. Faults: `too-large` at the announced length, or as soon as more than `bytesMax` came. */
export async function readBody(request: IncomingMessage, { bytesMax, what }: { bytesMax: number; what: string }): Promise<Uint8Array> {
  const tooLarge = (): Fault => new Fault('too-large', `${what} has at most ${bytesMax} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue;
    sizeBytes += chunk.byteLength;
    if (sizeBytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
