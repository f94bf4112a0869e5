import type { TLSSocket } from 'node:tls';
import type { DeviceId } from '@pier/shared/core';
import { peerCertificateOf } from '../net/index.ts';

/** What a connection's certificate says: none was shown, a device of ours, somebody else of ours, or one that we do not take. */
export type Shown =
  | { readonly kind: 'none' }
  | { readonly kind: 'device'; readonly device: DeviceId; readonly serial: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'refused'; readonly reason: string };

/** A certificate that does not hold is never taken for none: its holder would be told the wrong thing. */
export function shownBy(socket: TLSSocket): Shown {
  const certificate = peerCertificateOf(socket);
  if (certificate === undefined) return { kind: 'none' };
  if (!socket.authorized) return { kind: 'refused', reason: `the client certificate does not hold: ${String(socket.authorizationError)}` };
  const { identity, serial } = certificate;
  if (identity === undefined) return { kind: 'refused', reason: 'the client certificate names neither a device nor a person' };
  return identity.kind === 'device' ? { kind: 'device', device: identity.device, serial } : { kind: 'other' };
}
