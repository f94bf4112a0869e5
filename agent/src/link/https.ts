import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Fault, isFaultCode, parseJson, toFault } from '@pier/shared/core';
import { Problem } from '@pier/shared/api';
import { openPinnedTls, openUnverifiedTls } from '@pier/shared/tls';

const answerBytesMax = 4 << 20;
const timeoutMs = 20_000;

/** How a request proves who answers: by an authority, or (once, for the authority itself) not at all. */
export type HttpsTrust = { readonly ca: string; readonly cert?: string; readonly key?: string } | 'unverified';
type Asked = { readonly method: 'GET' | 'POST'; readonly body?: unknown; readonly trust: HttpsTrust };

/**
 * One JSON exchange with the device listener. Faults: `unreachable`, `timed-out`, `too-large`, `certificate-invalid` when somebody
 * else answers, and the code of the manager's problem document; whoever has not proved to be the manager says no codes.
 */
export async function exchangeJson(url: URL, asked: Asked, signal: AbortSignal): Promise<unknown> {
  return (await exchangeTimed(url, asked, signal)).json;
}

/** The same, with the time that the manager's clock showed; a board's own may be years off. */
export async function exchangeTimed(url: URL, { method, body, trust }: Asked, signal: AbortSignal): Promise<{ readonly json: unknown; readonly managerMs: number | undefined }> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const to = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 443) };
    const socket = await (trust === 'unverified' ? openUnverifiedTls(to, deadline) : openPinnedTls({ ...to, ...trust }, deadline));
    const headers = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.byteLength };
    const outgoing = request(url, { method, headers, signal: deadline, createConnection: () => socket });
    // Troubles after the head of the answer show in its body; without a listener they would end the process.
    outgoing.on('error', () => {});
    outgoing.end(payload);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const bytes = await collect(incoming, url);
    const status = incoming.statusCode ?? 0;
    const atMs = Date.parse(incoming.headers.date ?? '');
    if (status >= 200 && status < 300) return { json: parseJson(bytes, { what: `answer of ${url.href}` }), managerMs: Number.isNaN(atMs) ? undefined : atMs };
    throw trust === 'unverified' ? new Fault('unreachable', `${url.origin} answered ${status}; is this a Pier manager?`) : problemOf(status, bytes, url);
  } catch (cause) {
    signal.throwIfAborted();
    throw named(cause, url);
  }
}

async function collect(incoming: AsyncIterable<Buffer>, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let seenBytes = 0;
  for await (const chunk of incoming) {
    seenBytes += chunk.byteLength;
    if (seenBytes > answerBytesMax) throw new Fault('too-large', `the answer of ${url.href} exceeds ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, seenBytes);
}

function problemOf(status: number, bytes: Uint8Array, url: URL): Fault {
  const problem = Problem.safeParse(jsonOf(bytes));
  if (!problem.success) return new Fault('unreachable', `${url.origin} answered ${status} without a problem document; is this a Pier manager?`);
  // It reaches terminals, through the journal too: what would move their cursors is not passed on.
  return new Fault(isFaultCode(problem.data.code) ? problem.data.code : 'internal', problem.data.detail.slice(0, 2_000).replaceAll(/\p{C}/gu, '?'));
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    // Anything else than JSON is no problem document; the caller says so.
    return undefined;
  }
}

/** No certificate is at stake in these: the port speaks something else, or wants to see a certificate first, as an MQTT port does. */
const otherProtocol = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|CERTIFICATE_REQUIRED|TLSV1_ALERT_UNKNOWN_PROTOCOL|NO_APPLICATION_PROTOCOL|^HPE_/;
const tlsFailures = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL/;

/** TLS troubles get a code of their own: they mean another party, not a bad line. */
export function named(cause: unknown, url: URL): Fault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (otherProtocol.test(code)) return new Fault('certificate-invalid', `${url.host} does not speak HTTPS: is this the device port of a manager?`, { code }, cause);
  if (tlsFailures.test(code)) return new Fault('certificate-invalid', `TLS with ${url.host} failed: ${cause instanceof Error ? cause.message : code}`, { code }, cause);
  const fault = toFault(cause);
  return fault.code === 'internal' ? new Fault('unreachable', `${url.host}: ${fault.message}`, {}, cause) : fault;
}
