import { once } from 'node:events';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';
import { silentLog, systemClock } from '@pier/shared/core';
import { type IClientOptions, type MqttClient, connect } from 'mqtt';
import type { Authority, TlsIdentity } from '../authority/index.ts';
import { type Broker, type BrokerLimits, type BrokerMessage, openBroker } from '../broker/index.ts';
import { deviceIdentity, newAuthority } from './identities.ts';

export type Received = { readonly topic: string; readonly text: string; readonly retain: boolean };

/** A real broker with a CA of its own, and real MQTT clients; `heard` is what reached the manager. */
export class BrokerWorld implements AsyncDisposable {
  readonly heard: BrokerMessage[] = [];
  /** Serials of certificates that are no longer wanted. */
  readonly revoked = new Set<string>();
  /** Serials of certificates whose key was given up for a newer one. */
  readonly givenUp = new Set<string>();
  /** How far the broker's clock is ahead, and how far the authority's is behind. */
  clockAheadMs = 0;
  signedBackMs = 0;
  readonly #clients: MqttClient[] = [];
  #authority: (Authority & AsyncDisposable) | undefined;
  #broker: Broker | undefined;

  static async open(): Promise<BrokerWorld> {
    const world = new BrokerWorld();
    world.#authority = await newAuthority({ clock: { ...systemClock, nowMs: () => systemClock.nowMs() - world.signedBackMs } });
    await world.#start({});
    return world;
  }

  get authority(): Authority {
    if (!this.#authority) throw new Error('the world is not open');
    return this.#authority;
  }

  get broker(): Broker {
    if (!this.#broker) throw new Error('the world is not open');
    return this.#broker;
  }

  get texts(): string[] {
    return this.heard.map((message) => Buffer.from(message.payload).toString());
  }

  async #start(limits: Partial<BrokerLimits>): Promise<void> {
    this.#broker = await openBroker({
      identity: { ...this.authority.server, caPem: this.authority.caPem },
      host: '127.0.0.1',
      port: 0,
      clock: { ...systemClock, nowMs: () => systemClock.nowMs() + this.clockAheadMs },
      log: silentLog,
      isRevoked: (_identity, serial) => this.revoked.has(serial),
      supersededBy: ({ serial }) => (this.givenUp.has(serial) ? 'an old copy' : undefined),
      onMessage: (message) => this.heard.push({ ...message, payload: Uint8Array.from(message.payload) }),
      limits,
    });
  }

  async restart(limits: Partial<BrokerLimits>): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await this.#start(limits);
  }

  /** Resolves once connected; rejects with what the broker answered, or "closed". */
  async client(who: TlsIdentity | undefined, options: IClientOptions = {}): Promise<MqttClient> {
    const made = connect({ ...this.#tlsOf(who), protocol: 'mqtts', protocolVersion: 4, reconnectPeriod: 0, clean: true, keepalive: 30, connectTimeout: 15_000, ...options });
    this.#clients.push(made);
    const answer = Promise.withResolvers<void>();
    made.once('connect', () => answer.resolve());
    made.on('error', answer.reject);
    made.once('close', () => answer.reject(new Error('closed')));
    await answer.promise;
    return made;
  }

  async device(id: string, options: IClientOptions = {}): Promise<MqttClient> {
    return this.client(await deviceIdentity(this.authority, id), { clientId: id, ...options });
  }

  async refusal(who: TlsIdentity | undefined, options: IClientOptions = {}): Promise<string> {
    return this.client(who, options).then(
      () => 'was let in',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }

  /** A connection that speaks bytes of our own choosing. */
  async rawTls(who: TlsIdentity, how: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connectTls({ ...this.#tlsOf(who), ...how });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  }

  /** What such a connection gets back before it is closed. */
  async answerTo(who: TlsIdentity, bytes: Uint8Array): Promise<Buffer> {
    const socket = await this.rawTls(who);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(bytes);
    await once(socket, 'close', { signal: AbortSignal.timeout(45_000) });
    return Buffer.concat(chunks);
  }

  #tlsOf(who: TlsIdentity | undefined) {
    return { ca: this.authority.caPem, host: '127.0.0.1', port: this.broker.port, servername: 'localhost', ...(who && { cert: who.certPem, key: who.keyPem }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((each) => each.endAsync(true)));
    await this.#broker?.[Symbol.asyncDispose]();
    await this.#authority?.[Symbol.asyncDispose]();
  }
}

export function received(of: MqttClient): Received[] {
  const list: Received[] = [];
  of.on('message', (topic, payload, packet) => list.push({ topic, text: payload.toString(), retain: packet.retain }));
  return list;
}

export function closed(of: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    of.once('close', () => resolve());
  });
}

/** A CONNECT packet, keep-alive 30 s, clean session. */
export function connectBytes(id: string, { level = 4, name = 'MQTT' } = {}): Buffer {
  const body = Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([level, 2, 0, 30, 0, id.length]), Buffer.from(id)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}
