import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type Clock, type DeviceId, Fault, faultCodes, invariant, isoTime, toFault } from '@pier/shared/core';
import { devicePaths } from '@pier/shared/enroll';
import type { TlsIdentity } from '../authority/index.ts';
import { listen, oneHandshake, readBody } from '../net/index.ts';
import type { Access } from '../registry/index.ts';
import { basicOf } from './basic.ts';
import { type Shown, shownBy } from './certificate.ts';
import type { DeviceListener, DeviceListenerOptions, DeviceRequest } from './listener.ts';

const bodyBytesMax = 256 << 10;
const bodyTimeoutMs = 15_000;
const stopGraceMs = 2_000;

/** What one sender may take of the listener's time and room. Blobs over thin lines take long, so only silence ends them. */
const limits = { connectionsMax: 20_000, headerBytesMax: 16 << 10, handshakeTimeoutMs: 10_000, headersTimeoutMs: 10_000, silenceTimeoutMs: 60_000, requestTimeoutMs: 60 * 60_000, keepAliveTimeoutMs: 30_000, checkEveryMs: 2_000 } as const;

/**
 * Opens the devices' HTTPS listener: enrolment needs no certificate, so none is demanded, but one that is shown must hold.
 * Registry under `/v2/`, device routes under `/device/v1/`, nothing else. Rejects when the port cannot be had.
 */
export async function openDeviceListener(options: DeviceListenerOptions): Promise<DeviceListener> {
  const { identity, caPem, log } = options;
  const shown = ({ certPem: cert, keyPem: key }: TlsIdentity) => ({ cert, key, ca: caPem, minVersion: 'TLSv1.2', ...oneHandshake }) as const;
  const sockets = new Set<Duplex>();
  const connectedMs = new WeakMap<Duplex, number>();
  const server = createServer(
    {
      ...shown(identity),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeTimeoutMs,
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    (request, response) => void serve({ request, response, options, connectedMs: connectedMs.get(request.socket) ?? options.clock.nowMs() }),
  );
  server.timeout = limits.silenceTimeoutMs;
  server.maxConnections = limits.connectionsMax;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const known = new Set<TLSSocket>();
  server.on('secureConnection', (socket: TLSSocket) => {
    connectedMs.set(socket, options.clock.nowMs());
    if (deviceShown(shownBy(socket, caPem, options.clock.nowMs())) === undefined) return;
    known.add(socket);
    socket.once('close', () => known.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    log.info({ address: socket.remoteAddress, why: error.message }, 'listener.handshake-failed');
    socket.destroy();
  });
  const port = await listen(server, options);
  return { port, isListening: () => server.listening, useIdentity: (next) => server.setSecureContext(shown(next)), kick: (device) => kick(known, { device, caPem, nowMs: options.clock.nowMs() }), [Symbol.asyncDispose]: () => stop(server, { sockets, clock: options.clock }) };
}

function kick(known: ReadonlySet<TLSSocket>, { device, caPem, nowMs }: { device: string; caPem: string; nowMs: number }): number {
  const ended = [...known].filter((socket) => deviceShown(shownBy(socket, caPem, nowMs)) === device);
  for (const socket of ended) socket.destroy();
  return ended.length;
}

/** Requests that are under way may end; after the grace nothing is left open. */
async function stop(server: Server, { sockets, clock }: { sockets: Set<Duplex>; clock: Clock }): Promise<void> {
  const closed = new Promise((resolve) => {
    server.close(resolve);
  });
  server.closeIdleConnections();
  const deadline = clock.after(stopGraceMs, () => {
    for (const socket of sockets) socket.destroy();
  });
  await closed;
  deadline[Symbol.dispose]();
}

/** Whose certificate it is, also when it has run out. */
function deviceShown(shown: Shown): DeviceId | undefined {
  return shown.kind === 'device' || shown.kind === 'expired' ? shown.device : undefined;
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly options: DeviceListenerOptions; /** When its connection began. */ readonly connectedMs: number };

async function serve(exchange: Exchange): Promise<void> {
  const { request, response, options, connectedMs } = exchange;
  try {
    invariant(request.socket instanceof TLSSocket, 'an HTTPS server has TLS sockets');
    const shown = shownBy(request.socket, options.caPem, options.clock.nowMs());
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const refused = refusal(shown, path, { ...options, from: { address: request.socket.remoteAddress ?? 'unknown', connectedMs } });
    if (refused) throw refused;
    if (shown.kind === 'device') options.onUsed?.(shown);
    if (path === '/v2' || path.startsWith('/v2/')) await options.registry.handle(request, response, await accessOf(exchange, shown));
    else if (path.startsWith('/device/v1/')) await deviceRoute(exchange, { path, shown });
    else throw new Fault('not-found', 'the registry is under /v2/, device routes are under /device/v1/');
  } catch (error) {
    problem(exchange, toFault(error));
  }
}

function refusal(shown: Shown, path: string, { isRevoked, supersededBy, onSuperseded, from }: DeviceListenerOptions & { readonly from: { readonly address: string; readonly connectedMs: number } }): Fault | undefined {
  if (shown.kind === 'refused') return new Fault('certificate-invalid', shown.reason);
  if (shown.kind === 'device' && isRevoked(shown.device, shown.serial)) return new Fault('certificate-invalid', `the certificate of ${shown.device} is revoked`);
  if (shown.kind !== 'device' && shown.kind !== 'expired') return undefined;
  if (shown.kind === 'expired' && isRevoked(shown.device, shown.serial)) return new Fault('device-revoked', `device ${shown.device} is revoked`);
  const superseded = supersededBy?.(shown);
  if (superseded !== undefined) {
    onSuperseded?.(shown, from);
    return new Fault('certificate-superseded', superseded);
  }
  if (shown.kind === 'expired' && path !== devicePaths.renew) return new Fault('certificate-expired', `the certificate of ${shown.device} ran out at ${isoTime(shown.notAfterMs)}; it can be renewed only`);
  return undefined;
}

/** A name and password that are given decide; without them the certificate does. */
async function accessOf({ request, options }: Exchange, shown: Shown): Promise<Access> {
  if (request.headers.authorization !== undefined) {
    const given = basicOf(request.headers.authorization);
    return given ? options.basicAuth(given.user, given.password, request.socket.remoteAddress ?? 'unknown') : { kind: 'anonymous' };
  }
  return shown.kind === 'device' ? { kind: 'device', device: shown.device } : { kind: 'anonymous' };
}

async function deviceRoute({ request, response, options }: Exchange, { path, shown }: { path: string; shown: Shown }): Promise<void> {
  const body = await bodyOf(request, options.clock);
  const answer = await options.deviceRoutes({ method: request.method ?? '', path, body, ...provenBy(shown) });
  sendJson(response, { status: answer.status, type: 'application/json', value: answer.json });
}

function provenBy(shown: Shown): Pick<DeviceRequest, 'device' | 'certificate'> {
  if (shown.kind === 'device') return { device: shown.device, certificate: shown };
  return shown.kind === 'expired' ? { certificate: shown } : {};
}

async function bodyOf(request: IncomingMessage, clock: Clock): Promise<Uint8Array> {
  const deadline = clock.after(bodyTimeoutMs, () => request.destroy(new Fault('timed-out', `the body did not come within ${bodyTimeoutMs} ms`)));
  try {
    return await readBody(request, { bytesMax: bodyBytesMax, what: 'the body' });
  } finally {
    deadline[Symbol.dispose]();
  }
}

/** RFC 9457. What went wrong on our side stays in the log. */
function problem({ request, response, options }: Exchange, fault: Fault): void {
  const { code, status } = fault;
  const ours = status >= 500 && (request.complete || !request.destroyed);
  options.log[ours ? 'error' : 'info']({ method: request.method, url: request.url?.slice(0, 200), code, why: fault.message }, 'listener.request-failed');
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const detail = code === 'internal' ? 'the manager failed; its log says why' : fault.message;
  // Whatever of the body is still to come is not waited for.
  if (!request.complete) response.setHeader('connection', 'close');
  sendJson(response, { status, type: 'application/problem+json', value: { type: 'about:blank', title: code, status: faultCodes[code].status, code, detail } });
}

function sendJson(response: ServerResponse, { status, type, value }: { status: number; type: string; value: unknown }): void {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.byteLength, 'cache-control': 'no-store' }).end(bytes);
}
