import { createHash } from 'node:crypto';
import type { Digest } from '../core/index.ts';

/** `sha256:<hex>` of the bytes; strings are hashed as UTF-8. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
