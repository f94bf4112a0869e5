import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type Identity, identityOf } from '@pier/shared/wire';

/** What a peer's certificate says. `serial` is lower-case hex, `keyId` names its key; whether the certificate holds is not looked at here. */
export type PeerCertificate = { readonly commonName: string; readonly identity: Identity | undefined; readonly serial: string; readonly keyId: string; readonly notAfterMs: number };

/** The certificate that the other side showed, if any. Its subject names somebody only when it is one common name in one of the known forms. */
export function peerCertificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const commonName = /^CN=(.{1,80})$/.exec(certificate.subject)?.[1] ?? '';
  const keyId = createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
  return { commonName, identity: identityOf(commonName), serial: certificate.serialNumber.toLowerCase(), keyId, notAfterMs: certificate.validToDate.getTime() };
}
