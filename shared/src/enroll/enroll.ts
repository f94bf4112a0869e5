/** What a device and its manager say to each other over HTTPS; everything else goes over MQTT. */
import * as z from 'zod';
import { DeviceId } from '../core/index.ts';
import { BoardProfile } from '../hardware/index.ts';
import { Envelope } from '../signing/index.ts';

export const devicePaths = { ca: '/device/v1/ca', enroll: '/device/v1/enroll', renew: '/device/v1/renew', policy: '/device/v1/policy', addresses: '/device/v1/addresses' } as const;

/** Where a device that is known finds the broker now. */
export const DeviceAddresses = z.strictObject({ mqtt: z.string() });

export const EnrollRequest = z.strictObject({
  secret: z.string().min(16).max(128),
  /** PKCS #10, PEM; the key is made on the device and never leaves it. */
  csr: z.string().max(8_192),
  profile: BoardProfile,
  /** Wanted name; the manager makes the id. */
  name: z.string().min(1).max(64).optional(),
});
export type EnrollRequest = z.infer<typeof EnrollRequest>;

export const EnrollResponse = z.strictObject({
  device: DeviceId,
  generation: z.int().min(1),
  certificate: z.string(),
  ca: z.string(),
  policy: Envelope,
  mqtt: z.string(),
  /** When the certificate was signed, by the manager's clock: its own beginning is back-dated, for boards with wrong clocks. */
  issuedMs: z.int().min(0).optional(),
});
export type EnrollResponse = z.infer<typeof EnrollResponse>;

/** A new certificate for a new key; the old pair, shown with the request, tells who asks. */
export const RenewRequest = z.strictObject({ csr: z.string().max(8_192) });
export type RenewRequest = z.infer<typeof RenewRequest>;

export const RenewResponse = z.strictObject({ certificate: z.string(), issuedMs: z.int().min(0) });
export type RenewResponse = z.infer<typeof RenewResponse>;

const TokenBody = z.strictObject({ s: z.string().min(16).max(128), c: z.string().regex(/^[0-9a-f]{64}$/), p: z.string().regex(/^[0-9a-f]{64}$/) });

/** `pier1.` and base64url JSON: secret, SHA-256 of the CA certificate (DER), id of the policy's root key. */
export function encodeToken(token: { secret: string; caFingerprint: string; rootId: string }): string {
  return `pier1.${Buffer.from(JSON.stringify({ s: token.secret, c: token.caFingerprint, p: token.rootId })).toString('base64url')}`;
}

/** Undefined when the text is no claim token. */
export function decodeToken(text: string): { secret: string; caFingerprint: string; rootId: string } | undefined {
  const encoded = /^pier1\.([A-Za-z0-9_-]{16,512})$/.exec(text.trim())?.[1];
  if (encoded === undefined) return undefined;
  try {
    const body = TokenBody.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
    return { secret: body.s, caFingerprint: body.c, rootId: body.p };
  } catch {
    // A damaged token is no token; the caller says so in one sentence.
    return undefined;
  }
}
