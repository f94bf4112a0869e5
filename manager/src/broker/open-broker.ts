import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { Aedes, type AedesPublishPacket } from 'aedes';
import { Fault, toFault } from '@pier/shared/core';
import { identityOf } from '@pier/shared/wire';
import { newRates } from '../net/index.ts';
import type { Broker, BrokerOptions, Peer } from './broker.ts';
import { guardConnection } from './connection.ts';
import { type Counter, newCounter } from './counts.ts';
import { openFrontDoor } from './front-door.ts';
import { type HookParts, addressOf, brokerHooks } from './hooks.ts';
import { watchHolders } from './holders.ts';
import { keepsNothing } from './keeps-nothing.ts';
import { type BrokerLimits, brokerLimits } from './limits.ts';
import { peerOf } from './peer.ts';
import { type Sessions, newSessions } from './sessions.ts';
import { newStrangers } from './strangers.ts';

/** Topic and headers beside the payload. */
const overheadBytes = 512;

type Parts = { readonly options: BrokerOptions; readonly limits: BrokerLimits; readonly counter: Counter; readonly stopping: AbortSignal };

/** Opens an MQTT 3.1.1 broker on mutual TLS: QoS 0 and 1, clean sessions, nothing kept. Rejects when the port cannot be had. */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { clock, log } = options;
  const stop = new AbortController();
  const parts: Parts = { options, limits: { ...brokerLimits, ...options.limits }, counter: newCounter(), stopping: stop.signal };
  const { limits, counter } = parts;
  const rates = newRates({ perS: limits.publishPerS, burst: limits.publishBurst, namesMax: limits.connectionsMax, clock });
  const sessions = newSessions({ rates });
  const holders = watchHolders({ clock, onConflict: options.onConflict });
  const strangers = newStrangers({ clock, log, limits, counter });
  const peers = new WeakMap<Duplex, Peer>();
  const known = new WeakMap<Duplex, () => void>();
  const aedes = await openAedes(parts, { ...options, limits, counter, sessions, holders, peerOf: (conn) => peers.get(conn), onKnown: (conn) => known.get(conn)?.() });
  const onTls = (socket: TLSSocket): void => {
    const peer = peerOf(socket);
    if (!peer) return refuse(socket, parts);
    peers.set(socket, peer);
    known.set(socket, () => strangers.release(socket));
    receive(socket, peer, parts);
    aedes.handle(socket);
  };
  const door = await openFrontDoor({ ...options, limits, counter, strangers, onTls });
  const expiry = clock.every(limits.expirySweepMs, () => {
    dropEnded(sessions, options);
    rates.sweep();
    holders.sweep();
  });
  const outbox = publisher(aedes, parts);
  return {
    port: door.port,
    publish: outbox.publish,
    useIdentity: (next) => door.useIdentity(next),
    noteCopy: ({ device, address, givenUp, inForce }) => {
      const held = sessions.named(device).map(({ conn }) => addressOf(conn));
      holders.noteCopy({ name: device, addresses: [...held, address], keys: { givenUp, inForce } });
    },
    kick: (commonName) => {
      holders.forget(commonName);
      return kick(sessions, commonName);
    },
    isListening: () => door.isListening(),
    isConnected: (commonName) => sessions.named(commonName).length > 0,
    stats: () => ({ ...counter, connections: sessions.size, outstanding: outbox.outstanding() }),
    [Symbol.asyncDispose]: async () => {
      // Wills that fire because the manager stops say nothing about devices.
      stop.abort();
      expiry[Symbol.dispose]();
      const closed = door[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => {
        aedes.close(resolve);
      });
      for (const session of sessions.all()) session.conn.destroy();
      await closed;
    },
  };
}

async function openAedes({ limits, counter, options, stopping }: Parts, hooks: HookParts): Promise<Aedes> {
  const aedes = await Aedes.createBroker({
    ...brokerHooks(hooks),
    persistence: keepsNothing(),
    // 0 is "no common queue": with a limit, one slow reader holds up topics that it never asked for.
    concurrency: 0,
    drainTimeout: limits.drainTimeoutMs,
    connectTimeout: limits.connectTimeoutMs,
    maxTopicLevels: limits.topicLevelsMax,
    queueLimit: 100,
  });
  const ended = new WeakSet<Duplex>();
  aedes.on('clientError', (client, error) => {
    // Each message that was still on its way to a lost client reports the loss again.
    if (ended.has(client.conn)) return;
    ended.add(client.conn);
    if (error.message === 'drain timeout') counter.slowDropped += 1;
    options.log.info({ client: client.id, why: error.message }, 'broker.client-error');
  });
  aedes.on('connectionError', (_client, error) => options.log.info({ why: error.message }, 'broker.connection-error'));
  await new Promise<void>((resolve) => {
    aedes.subscribe('pier/v1/#', (packet, done) => {
      done();
      if (!stopping.aborted) hear(packet, options, counter);
    }, resolve);
  });
  return aedes;
}

/** The client id was made by us from the certificate's name, so it tells who spoke; what the manager itself publishes has none. */
function hear(packet: AedesPublishPacket, { onMessage, log }: BrokerOptions, counter: Counter): void {
  const clientId = 'clientId' in packet && typeof packet.clientId === 'string' ? packet.clientId : undefined;
  const from = identityOf(clientId?.split('/', 1)[0] ?? '');
  if (from === undefined) return;
  counter.published += 1;
  const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
  try {
    onMessage({ topic: packet.topic, payload, from });
  } catch (error) {
    // One message that its reader cannot bear must not end the connection of who sent it, nor the broker.
    log.error({ topic: packet.topic, why: toFault(error).message }, 'broker.message-failed');
  }
}

function receive(socket: TLSSocket, { commonName }: Peer, { limits, counter, options }: Parts): void {
  guardConnection(socket, limits, {
    onMalformed: (why) => {
      counter.violations += 1;
      options.log.warn({ who: commonName, why }, 'broker.packet-refused');
    },
    onSlow: () => {
      counter.slowDropped += 1;
      options.log.warn({ who: commonName, behindBytes: socket.writableLength }, 'broker.slow-reader-dropped');
    },
  });
}

function refuse(socket: TLSSocket, { counter, options }: Parts): void {
  counter.refused += 1;
  options.log.warn({ address: socket.remoteAddress, subject: socket.getPeerX509Certificate()?.subject.slice(0, 200) }, 'broker.name-refused');
  socket.destroy();
}

function publisher(aedes: Aedes, { limits, stopping }: Parts): { publish: Broker['publish']; outstanding: () => number } {
  let outstanding = 0;
  return {
    outstanding: () => outstanding,
    publish: async (topic, payload, { qos = 1 } = {}) => {
      if (stopping.aborted) throw new Fault('unreachable', 'the broker is closed');
      if (outstanding >= limits.outstandingMax) throw new Fault('too-many-requests', `${outstanding} messages are on their way; at most ${limits.outstandingMax} are taken`);
      const sizeBytes = Buffer.byteLength(payload) + overheadBytes;
      if (sizeBytes > limits.packetBytesMax) throw new Fault('too-large', `message on ${topic} has ${sizeBytes} bytes; at most ${limits.packetBytesMax} are sent`);
      outstanding += 1;
      const sent = Promise.withResolvers<void>();
      aedes.publish({ cmd: 'publish', topic, payload, qos, retain: false, dup: false }, (error) => (error ? sent.reject(new Fault('unreachable', `message on ${topic}: ${error.message}`, {}, error)) : sent.resolve()));
      try {
        await sent.promise;
      } finally {
        outstanding -= 1;
      }
    },
  };
}

function kick(sessions: Sessions, commonName: string): number {
  const ended = sessions.named(commonName);
  for (const session of ended) session.conn.destroy();
  return ended.length;
}

/**
 * Of two holders of one identity the one that is connected stays: it must not be the one with the old copy, once the other has
 * shown the key that came after.
 */
function dropEnded(sessions: Sessions, { clock, log, supersededBy }: BrokerOptions): void {
  const nowMs = clock.nowMs();
  for (const { peer, conn } of sessions.all()) {
    const isExpired = peer.notAfterMs <= nowMs;
    if (!isExpired && supersededBy?.(peer) === undefined) continue;
    log.warn({ who: peer.commonName }, isExpired ? 'broker.certificate-expired' : 'broker.certificate-superseded');
    conn.destroy();
  }
}
