import type { TLSSocket } from 'node:tls';
import { peerCertificateOf } from '../net/index.ts';
import type { Peer } from './broker.ts';

/** Who a verified client certificate names, or undefined when that is nobody whom we know. */
export function peerOf(socket: TLSSocket): Peer | undefined {
  const shown = peerCertificateOf(socket);
  return shown?.identity && { ...shown, identity: shown.identity };
}
