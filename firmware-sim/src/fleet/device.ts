import { connect as tlsConnect } from 'node:tls';
import { MqttClient } from 'mqtt';
import { type AppName, type Clock, type Digest, type Log, type Random, KeyId, canonicalJson, invariant, parseJson, toFault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Order, type ReportedApp, Ack, Desired, heartbeatS, protocolVersion, topics, verbNames } from '@pier/shared/wire';
import { type TrustPolicy, keysOf, openEnvelope, openPolicy, payloadTypes } from '@pier/shared/signing';
import { type Behaviour, type Said, onTheWire, scripts } from './behaviour.ts';
import type { Identity } from './enrol.ts';

const resendMs = 10_000;
const sentMax = 16;
/** A connection that was lost is made again after 0.5 to 1.5 times as long. */
const returnMs = 2_000;
const lateMs = 2_000;

export type FleetCounts = { connected: number; desired: number; refused: number; reports: number; acked: number; lost: number };
export type DeviceDeps = { readonly identity: Identity; readonly model: string; readonly behaviour: () => Behaviour; readonly clock: Clock; readonly random: Random; readonly log: Log; readonly counts: FleetCounts };

type App = { readonly attempt: number; readonly digest: Digest; readonly counter: number; readonly version: string; lastGood?: ReportedApp['lastGood']; previousGood?: ReportedApp['lastGood']; floor: number; stop: AbortController; body: ReportedApp };
type Message = { readonly topic: string; readonly payload: string };

/**
 * A device without a board: everything that the manager and the broker can see of one is as an agent does it (mutual TLS,
 * will, heartbeats, verified documents, rev, attempts, counter floors, reports until acknowledged); no guest runs.
 */
export class SimDevice implements AsyncDisposable {
  readonly #deps: DeviceDeps;
  readonly #policy: TrustPolicy;
  readonly #apps = new Map<AppName, App>();
  readonly #sent: Message[] = [];
  /** A report that a device which reorders keeps back until it has a newer one to send first. */
  #keptBack: Message | undefined;
  readonly #stop = new AbortController();
  #client: MqttClient | undefined;
  #heartbeat: Disposable | undefined;
  #isReturning = false;
  readonly #boot = 1;
  #seq = 0;
  #rev = 0;
  #hash: Digest | null = null;
  #unacked: { readonly order: Order; readonly body: object } | undefined;

  constructor(deps: DeviceDeps) {
    this.#deps = deps;
    const opened = openPolicy(deps.identity.policy, { rootId: KeyId.parse(deps.identity.rootId) });
    invariant(opened.ok, `the policy that came with the enrolment of ${deps.identity.device} is signed by its root`);
    this.#policy = opened.value.policy;
  }

  /** Connects, says that it is there, and reports; comes back by itself when the connection is lost. Faults: those of the first connection. */
  async connect(): Promise<void> {
    const { identity, counts } = this.#deps;
    const conn = `${this.#boot}-${Math.floor(this.#deps.random() * 1e9)}`;
    const client = this.#open(conn);
    this.#client = client;
    client.on('message', (topic, payload) => this.#heed(topic, payload));
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error(`${identity.device}: the connection ended before it began`)));
    });
    counts.connected += 1;
    client.once('close', () => {
      counts.connected -= 1;
      if (this.#stop.signal.aborted) return;
      counts.lost += 1;
      // What was on its way ends with a fault: each connection is a client of its own.
      client.end(true);
      void this.#comeBack();
    });
    client.on('error', () => {
      // `close` follows, and counts.
    });
    await client.subscribeAsync({ [topics.desired.of(identity)]: { qos: 1 }, [topics.ack.of(identity)]: { qos: 0 } });
    await this.#presence(conn);
    await this.#report();
    this.#heartbeat = this.#deps.clock.every(heartbeatS * 1_000 * (0.8 + this.#deps.random() * 0.4), () => void this.#presence(conn).catch(() => this.#count('lost')));
  }

  async #comeBack(): Promise<void> {
    if (this.#isReturning) return;
    this.#isReturning = true;
    do {
      try {
        this.#heartbeat?.[Symbol.dispose]();
        await this.#deps.clock.sleep(returnMs * (0.5 + this.#deps.random()), this.#stop.signal);
        await this.connect();
      } catch (thrown) {
        if (!this.#stop.signal.aborted) this.#deps.log.debug({ device: this.#deps.identity.device, reason: toFault(thrown).message }, 'sim-device.not-back-yet');
      }
    } while (!this.#stop.signal.aborted && this.#client?.connected !== true);
    this.#isReturning = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const app of this.#apps.values()) app.stop.abort();
    this.#heartbeat?.[Symbol.dispose]();
    await this.#client?.endAsync(true).catch(() => {
      // It is gone already.
    });
  }

  #open(conn: string): MqttClient {
    const { identity } = this.#deps;
    const { hostname, port } = new URL(identity.mqtt);
    const will = { topic: topics.presence.of(identity), payload: Buffer.from(JSON.stringify({ ...this.#order(), online: false, conn })), qos: 1 as const, retain: false };
    return new MqttClient(() => tlsConnect({ host: hostname, port: Number(port), ca: identity.ca, cert: identity.certificate, key: identity.key }), { protocolVersion: 4, clientId: identity.device, clean: true, keepalive: 60, reconnectPeriod: 0, writeCache: false, will });
  }

  #order(): Order {
    this.#seq += 1;
    return { gen: this.#deps.identity.generation, boot: this.#boot, seq: this.#seq };
  }

  #count(what: keyof FleetCounts): void {
    this.#deps.counts[what] += 1;
  }

  async #presence(conn: string): Promise<void> {
    const { identity, model } = this.#deps;
    const body = { ...this.#order(), online: true, conn, agent: 'sim', proto: protocolVersion, model, can: [...verbNames], rev: this.#rev, desired: this.#hash, reported: null };
    await this.#client?.publishAsync(topics.presence.of(identity), JSON.stringify(body), { qos: 1 });
  }

  #heed(topic: string, payload: Buffer): void {
    const { identity, log } = this.#deps;
    try {
      if (topic === topics.desired.of(identity)) this.#take(payload);
      else if (topic === topics.ack.of(identity)) this.#acked(Ack.parse(parseJson(payload)));
    } catch (thrown) {
      this.#count('refused');
      log.warn({ device: identity.device, reason: toFault(thrown).message }, 'sim-device.message-refused');
    }
  }

  #acked(ack: Ack): void {
    const { order } = this.#unacked ?? {};
    if (order?.seq !== ack.seq || order.boot !== ack.boot) return;
    this.#unacked = undefined;
    this.#count('acked');
  }

  /** Takes a document that a scheduler of the policy has signed, for this device, above the one it has. */
  #take(payload: Buffer): void {
    const { identity } = this.#deps;
    const opened = openEnvelope(parseJson(payload), { payloadType: payloadTypes.desired, keys: keysOf(this.#policy, 'scheduler') });
    if (!opened.ok) throw new Error(opened.refusal.reason);
    const hash = digestOf(opened.value.payload);
    if (hash === this.#hash) return;
    const desired = Desired.parse(parseJson(opened.value.payload));
    if (desired.device !== identity.device || desired.rev <= this.#rev) throw new Error(`a document for ${desired.device} with rev ${desired.rev}, where this is ${identity.device} with ${this.#rev}`);
    [this.#rev, this.#hash] = [desired.rev, hash];
    this.#count('desired');
    this.#want(desired);
  }

  #want(desired: Desired): void {
    const wanted = new Map(Object.entries(desired.apps) as [AppName, Desired['apps'][AppName]][]);
    let isChanged = false;
    for (const [name, app] of this.#apps) {
      if (wanted.has(name)) continue;
      app.stop.abort();
      this.#apps.delete(name);
      isChanged = true;
    }
    for (const [name, want] of wanted) {
      const app = this.#apps.get(name);
      if (app?.attempt !== want.attempt) void this.#attempt(name, want);
    }
    if (isChanged) void this.#report();
  }

  /** Plays one attempt: what the behaviour's script says, each state reported for itself. */
  async #attempt(name: AppName, want: Desired['apps'][AppName]): Promise<void> {
    const before = this.#apps.get(name);
    before?.stop.abort();
    const { attempt, digest, version, counter, soakS } = want;
    const { lastGood, previousGood } = before ?? {};
    const app: App = { attempt, digest, version, counter, floor: before?.floor ?? 0, stop: new AbortController(), body: {}, ...(lastGood && { lastGood }), ...(previousGood && { previousGood }) };
    this.#apps.set(name, app);
    try {
      for (const said of this.#scriptFor(app)) {
        // Of two reports that come at once the manager takes the newer alone: what it is to be held against has to be there first.
        if (said.falsely !== undefined || app.body.state === 'proven') await this.#deps.clock.sleep(lateMs, app.stop.signal);
        this.#say(app, said);
        await this.#report();
        if (said.state === 'soaking') await this.#deps.clock.sleep(soakS * 1_000, app.stop.signal);
        if (app.stop.signal.aborted) return;
      }
    } catch (thrown) {
      if (!app.stop.signal.aborted) this.#deps.log.warn({ device: this.#deps.identity.device, reason: toFault(thrown).message }, 'sim-device.attempt-ended');
    }
  }

  /** An older release than the floor is refused, unless it is this device's own last or previous good one; a healthy one is adopted. */
  #scriptFor({ counter, digest, floor, lastGood, previousGood }: App): readonly Said[] {
    const isOwn = digest === lastGood?.digest || digest === previousGood?.digest;
    if (counter < floor && !isOwn) return [{ state: 'accepted' }, { state: 'refused', reason: { code: 'release-older', reason: `its counter ${counter} is below ${floor}` } }];
    return digest === lastGood?.digest ? [{ state: 'proven' }] : scripts[this.#deps.behaviour()];
  }

  #say(app: App, { state, reason, falsely }: Said): void {
    const release = { digest: app.digest, version: app.version, counter: app.counter };
    if (state === 'proven' && falsely === undefined && app.lastGood?.digest !== app.digest) {
      if (app.lastGood) app.previousGood = app.lastGood;
      app.lastGood = release;
      app.floor = Math.max(app.floor, app.counter);
    } else if (state === 'failed' && app.lastGood?.digest === app.digest) {
      const { previousGood, ...rest } = app;
      Object.assign(app, rest, { lastGood: previousGood });
    }
    const running = state === 'soaking' || state === 'proven' ? release : app.lastGood;
    app.body = {
      attempt: app.attempt + (falsely === 'attempt' ? 1 : 0),
      digest: falsely === 'digest' ? digestOf(`not ${app.digest}`) : app.digest,
      state,
      ...(reason && { reason }),
      ...(running && { running: { ...running, restarts: 0, sinceMs: 0 } }),
      ...(app.lastGood && { lastGood: app.lastGood }),
      ...(app.previousGood && { previousGood: app.previousGood }),
    };
  }

  async #report(): Promise<void> {
    const { identity, behaviour } = this.#deps;
    const apps = Object.fromEntries([...this.#apps].flatMap(([name, { body }]) => (Object.keys(body).length > 0 ? [[name, body]] : [])));
    const order = this.#order();
    const body = { ...order, rev: this.#rev, desired: this.#hash, policy: this.#policy.number, apps };
    this.#unacked = { order, body };
    const message = { topic: topics.reported.of(identity), payload: canonicalJson(JSON.parse(JSON.stringify(body))) };
    const batch = [...(this.#keptBack ? [this.#keptBack] : []), message];
    this.#keptBack = behaviour() === 'reorders' && batch.length === 1 ? message : undefined;
    if (!this.#keptBack) for (const one of onTheWire(behaviour(), batch, this.#sent)) await this.#send(one);
    this.#sent.push(message);
    if (this.#sent.length > sentMax) this.#sent.shift();
    this.#deps.clock.after(resendMs, () => void this.#again(order, message));
  }

  /** What is not sent for want of a connection is reported anew on the next one. */
  async #send({ topic, payload }: Message): Promise<void> {
    if (this.#client?.connected !== true) return;
    this.#count('reports');
    await this.#client.publishAsync(topic, payload, { qos: 1 }).catch(() => this.#count('lost'));
  }

  /** Until it is acknowledged, or said anew. */
  async #again(order: Order, message: Message): Promise<void> {
    if (this.#stop.signal.aborted || this.#unacked?.order !== order || this.#client?.connected !== true) return;
    await this.#send(message);
    this.#deps.clock.after(resendMs, () => void this.#again(order, message));
  }
}
