import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { MqttClient } from 'mqtt';
import { type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { openPinnedTls } from '@pier/shared/tls';
import { type Order, topics } from '@pier/shared/wire';
import type { Identity } from './identity.ts';

const keepaliveS = 60;
const connectTimeoutMs = 20_000;
const publishTimeoutMs = 20_000;

export type Received = { readonly topic: string; readonly payload: Uint8Array; readonly retained: boolean };

/** One connection to the broker; when it is gone, another one is made anew. */
export type Session = {
  /** Random for each connection, so that a late will cannot undo a newer birth. */
  readonly conn: string;
  /** Aborts when the connection is gone. */
  readonly lost: AbortSignal;
  /** QoS 1 resolves once the broker has it. Faults: `unreachable`. */
  publish(topic: string, body: object, qos: 0 | 1): Promise<void>;
} & AsyncDisposable;

export type SessionDeps = { readonly identity: Identity; readonly clock: Clock; readonly log: Log; readonly order: () => Order; readonly onMessage: (received: Received) => void };

/**
 * Connects over mutual TLS (MQTT 3.1.1, clean session), with a will that says offline, and subscribes to this device's branch.
 * Faults: `unreachable`, `certificate-invalid`, `forbidden` when the broker refuses the identity, `timed-out`.
 */
export async function openSession(deps: SessionDeps, signal: AbortSignal): Promise<Session> {
  const { identity } = deps;
  const conn = randomUUID().slice(0, 13);
  const lost = new AbortController();
  const client = clientFor(deps, { conn, socket: await secured(identity, signal) });
  let failure: Error | undefined;
  // Attached before anything can arrive: messages that come right after CONNACK would be lost otherwise.
  client.on('message', (topic, payload, packet) => deps.onMessage({ topic, payload, retained: packet.retain }));
  client.on('error', (error) => (failure ??= error));
  client.once('close', () => lost.abort());
  const close = async (): Promise<void> => {
    await client.endAsync(true).catch(() => {
      // It is being thrown away; that it was broken already is fine.
    });
    lost.abort();
  };
  const session: Session = {
    conn,
    lost: lost.signal,
    publish: (topic, body, qos) => publish(client, { topic, body, qos, lost: lost.signal }),
    [Symbol.asyncDispose]: close,
  };
  try {
    const deadline = AbortSignal.any([signal, lost.signal, AbortSignal.timeout(connectTimeoutMs)]);
    await before(deadline, new Promise<void>((resolve) => client.once('connect', () => resolve())));
    const granted = await before(deadline, client.subscribeAsync(subscriptionsOf(identity.device)));
    const denied = granted.find((one) => one.qos === 128);
    if (denied) throw new Fault('forbidden', `the broker does not let this device read ${denied.topic}`);
    return session;
  } catch (cause) {
    await close();
    signal.throwIfAborted();
    throw sessionFault(failure ?? cause, identity.mqtt);
  }
}

/** What is awaited, unless the connection or the time ends first: a broker may take a packet and stay silent. */
async function before<T>(deadline: AbortSignal, awaited: Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  const end = (): void => over.reject(new Fault('unreachable', 'the connection ended, or the broker stayed silent, before this device was let in'));
  deadline.addEventListener('abort', end, { once: true });
  try {
    if (deadline.aborted) end();
    return await Promise.race([awaited, over.promise]);
  } finally {
    deadline.removeEventListener('abort', end);
  }
}

/** Leases and acknowledgements may be lost, they come again; the rest may not. */
function subscriptionsOf(device: Identity['device']): Record<string, { qos: 0 | 1 }> {
  return {
    [topics.desired.of({ device })]: { qos: 1 },
    [topics.command.of({ device })]: { qos: 1 },
    [topics.manager.filter]: { qos: 1 },
    [topics.ack.of({ device })]: { qos: 0 },
    [topics.pinsLease.of({ device })]: { qos: 0 },
    [topics.logLease.of({ device })]: { qos: 0 },
    [topics.telemetryLease.of({ device })]: { qos: 0 },
  };
}

async function secured({ mqtt, ca, certificate: cert, privatePem: key }: Identity, signal: AbortSignal): Promise<Duplex> {
  const { hostname, port } = new URL(mqtt);
  try {
    return await openPinnedTls({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 8883), ca, cert, key }, AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]));
  } catch (cause) {
    signal.throwIfAborted();
    throw sessionFault(cause, mqtt);
  }
}

function clientFor({ identity: { device }, order }: SessionDeps, { conn, socket }: { readonly conn: string; readonly socket: Duplex }): MqttClient {
  return new MqttClient(() => socket, {
    protocolVersion: 4,
    clientId: device,
    clean: true,
    keepalive: keepaliveS,
    connectTimeout: connectTimeoutMs,
    // Each connection is a client of its own, with a back-off of ours between them.
    reconnectPeriod: 0,
    queueQoSZero: false,
    // The cache costs 16 MB of memory and gives nothing at a device's rates.
    writeCache: false,
    will: { topic: topics.presence.of({ device }), payload: Buffer.from(JSON.stringify({ ...order(), online: false, conn })), qos: 1, retain: false },
  });
}

async function publish(client: MqttClient, message: { topic: string; body: object; qos: 0 | 1; lost: AbortSignal }): Promise<void> {
  const { topic, body, qos, lost } = message;
  if (lost.aborted || !client.connected) throw new Fault('unreachable', 'not connected to the broker');
  const { promise, reject } = Promise.withResolvers<never>();
  const fail = (): void => reject(new Fault('unreachable', `the connection was lost before the broker had ${topic}`));
  lost.addEventListener('abort', fail, { once: true });
  const deadline = AbortSignal.timeout(publishTimeoutMs);
  deadline.addEventListener('abort', fail, { once: true });
  try {
    await Promise.race([client.publishAsync(topic, JSON.stringify(body), { qos, retain: false }), promise]);
  } finally {
    lost.removeEventListener('abort', fail);
    deadline.removeEventListener('abort', fail);
  }
}

/** CONNACK codes 4 and 5 (MQTT 3.1.1, 3.2.2.3): the broker knows the identity and does not want it. */
const refusedCodes: ReadonlySet<number> = new Set([2, 4, 5]);
const tlsAlerts = /certificate|CERT|SELF_SIGNED|UNABLE_TO|alert/;

function sessionFault(cause: unknown, url: string): Fault {
  if (cause instanceof Fault) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'number' && refusedCodes.has(code)) return new Fault('forbidden', `the broker at ${url} refuses this device: ${message}`, {}, cause);
  if (tlsAlerts.test(`${String(code)} ${message}`)) return new Fault('certificate-invalid', `TLS with the broker at ${url} failed: ${message}`, {}, cause);
  const fault = toFault(cause);
  return fault.code === 'internal' || fault.code === 'timed-out' ? new Fault('unreachable', `no session with the broker at ${url}: ${message}`, {}, cause) : fault;
}
