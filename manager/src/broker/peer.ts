import type { TLSSocket } from 'node:tls';
import { identityOf } from '@pier/shared/wire';
import type { Peer } from './broker.ts';

/** Who a verified client certificate names, or undefined: its subject must be one common name in one of the known forms. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  const certificate = socket.getPeerX509Certificate();
  const commonName = /^CN=(.{1,80})$/.exec(certificate?.subject ?? '')?.[1];
  const identity = commonName === undefined ? undefined : identityOf(commonName);
  if (certificate === undefined || commonName === undefined || identity === undefined) return undefined;
  return { identity, commonName, serial: certificate.serialNumber.toLowerCase(), notAfterMs: certificate.validToDate.getTime() };
}
