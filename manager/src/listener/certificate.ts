import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { DeviceId } from '@pier/shared/core';
import { peerCertificateOf } from '../net/index.ts';

/** A device's certificate, by this CA. */
export type DeviceCertificate = { readonly device: DeviceId; readonly serial: string; readonly keyId: string; readonly notAfterMs: number };

/** What a connection's certificate says: none was shown, a device of ours, one that has run out and is a device's all the same, somebody else of ours, or one that we do not take. */
export type Shown =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'device' } & DeviceCertificate)
  | ({ readonly kind: 'expired' } & DeviceCertificate)
  | { readonly kind: 'other' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * A certificate that does not hold is never taken for none: its holder would be told the wrong thing. TLS looked at its dates when
 * the connection began, or another one that this one resumes, which may be long ago: so its end is looked at here.
 */
export function shownBy(socket: TLSSocket, caPem: string, nowMs: number): Shown {
  const certificate = peerCertificateOf(socket);
  if (certificate === undefined) return { kind: 'none' };
  const { identity, serial, keyId, notAfterMs } = certificate;
  const device = identity?.kind === 'device' ? { device: identity.device, serial, keyId, notAfterMs } : undefined;
  if (!socket.authorized) {
    if (device && hasOnlyRunOut(socket, caPem)) return { kind: 'expired', ...device };
    return { kind: 'refused', reason: `the client certificate does not hold: ${String(socket.authorizationError)}` };
  }
  if (identity === undefined) return { kind: 'refused', reason: 'the client certificate names neither a device nor a person' };
  if (!device) return notAfterMs > nowMs ? { kind: 'other' } : { kind: 'refused', reason: 'the client certificate has run out' };
  return { kind: notAfterMs > nowMs ? 'device' : 'expired', ...device };
}

/** Id of "TLS web client authentication" among extended key usages. */
const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * TLS tells of the last thing that was wrong, and a certificate that somebody signed for himself and that has run out is told of
 * as run out: so the rest is looked at here. That the other side has the key is proved by the handshake.
 */
function hasOnlyRunOut(socket: TLSSocket, caPem: string): boolean {
  // Node's types say Error; what is there is the code.
  if (String(socket.authorizationError) !== 'CERT_HAS_EXPIRED') return false;
  const leaf = socket.getPeerX509Certificate();
  const ca = new X509Certificate(caPem);
  return leaf !== undefined && !leaf.ca && leaf.checkIssued(ca) && leaf.verify(ca.publicKey) && (leaf.keyUsage ?? []).includes(clientAuth);
}
