/**
 * TLS to whoever one private authority vouches for, on boards whose clock may be years wrong. The attack this stops: somebody
 * in between, with any certificate of a public authority, or with one that the pinned authority gave to a device. Dates are not
 * looked at, since a board cannot tell a certificate that ran out from a clock that ran off; whoever stole a server key that
 * has run out found the authority's own key beside it. All else of RFC 5280 and RFC 9525 that a chain of two needs is.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';
import { Fault } from '../core/index.ts';

/** `ca` is one certificate, PEM; `cert` and `key` are shown to who asks for them. */
export type PinnedTls = { readonly host: string; readonly port: number; readonly ca: string; readonly cert?: string; readonly key?: string };

/** Id of "TLS web server authentication" among extended key usages. */
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** Connects; not one byte of the caller's is sent before the other side has proved who it is. Faults: `certificate-invalid`; other errors as the network gives them. */
export async function openPinnedTls(to: PinnedTls, signal: AbortSignal): Promise<TLSSocket> {
  const { host, port, ca, cert, key } = to;
  const socket = await handshake({ host, port, ca, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) }, signal);
  const fault = pinnedFault(socket.getPeerX509Certificate(), to);
  if (fault === undefined) return socket;
  socket.destroy();
  throw new Fault('certificate-invalid', `TLS with ${host}:${port} failed: ${fault}`);
}

/** Connects to whoever answers: for the one question whose answer is checked by a fingerprint. */
export function openUnverifiedTls({ host, port }: Pick<PinnedTls, 'host' | 'port'>, signal: AbortSignal): Promise<TLSSocket> {
  return handshake({ host, port }, signal);
}

/** Why this certificate is not that of a server `host` by the authority `ca`; undefined when it is. */
export function pinnedFault(leaf: X509Certificate | undefined, { host, ca }: Pick<PinnedTls, 'host' | 'ca'>): string | undefined {
  if (leaf === undefined) return 'no certificate was shown';
  const authority = new X509Certificate(ca);
  if (!authority.ca || !leaf.checkIssued(authority) || !leaf.verify(authority.publicKey)) return 'the certificate is not by the pinned authority';
  if (leaf.ca || !(leaf.keyUsage ?? []).includes(serverAuth)) return 'the certificate is not that of a server';
  const named = isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host, { subject: 'never' });
  return named === undefined ? `the certificate names ${leaf.subjectAltName?.slice(0, 200) ?? 'nobody'}, not ${host}` : undefined;
}

async function handshake(options: ConnectionOptions & { readonly host: string }, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const servername = isIP(options.host) ? {} : { servername: options.host };
  const socket = connect({ ...options, ...servername, minVersion: 'TLSv1.2', rejectUnauthorized: false });
  const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new DOMException('The operation was aborted', 'AbortError'));
  const closed = (): void => reject(new Fault('unreachable', `${options.host}:${options.port} ended the connection before it was secure`));
  signal.addEventListener('abort', stop, { once: true });
  socket.once('secureConnect', resolve).once('error', reject).once('close', closed);
  try {
    await promise;
    return socket;
  } catch (cause) {
    socket.destroy();
    throw cause;
  } finally {
    signal.removeEventListener('abort', stop);
    socket.off('secureConnect', resolve).off('error', reject).off('close', closed);
    // Until its user listens: what goes wrong now shows when it is used.
    socket.on('error', () => {});
  }
}
