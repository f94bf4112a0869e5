import * as z from 'zod';

const Base64 = z.string().max(4 << 20);

/** A signed document: DSSE v1 envelope (secure-systems-lab/dsse). Pier writes no `keyid`, and trusts none. */
export const Envelope = z.strictObject({
  payloadType: z.string().min(1).max(128),
  payload: Base64,
  signatures: z.array(z.strictObject({ sig: z.string().max(1_024), keyid: z.string().max(256).optional() })).min(1).max(16),
});
export type Envelope = z.infer<typeof Envelope>;
