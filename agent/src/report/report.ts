import { type AppName, type Clock, type CommandId, type DeviceId, type Digest, type Log, type Random, canonicalJson, digestOf, toFault } from '@pier/shared/core';
import { type Ack, type ManagerBirth, type Order, type Presence, heartbeatS, protocolVersion, topics, verbNames } from '@pier/shared/wire';
import type { Alive, Happening, HeldLine } from '../guest.ts';
import type { Session } from '../link/index.ts';
import type { JournalEntry, OutboxKind, Store } from '../store/index.ts';
import { Wake } from '../wake.ts';
import { PinWatch } from './pins.ts';
import { type ReportedBody, reportedOf } from './reported.ts';
import { Sender } from './sender.ts';

/** A changed manager epoch is answered within so many milliseconds, each device at another moment. */
const announceSpreadMs = 10_000;

export type ReportDeps = {
  readonly device: DeviceId;
  readonly generation: number;
  readonly agent: string;
  readonly model: () => string;
  readonly store: Store;
  readonly policy: () => number;
  readonly alive: (app: AppName) => Alive | undefined;
  readonly lines: () => readonly { readonly app: AppName; readonly held: HeldLine }[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Everything that the device says of itself: on disk first, on the wire when there is one, until it is acknowledged. */
export class Report implements Disposable {
  readonly #deps: ReportDeps;
  readonly #sender: Sender;
  readonly #pins: PinWatch;
  readonly #dirty = new Wake();
  readonly #announce = new Wake();
  #session: Session | undefined;
  #seq = 0;
  #reportedHash: Digest | null = null;
  #epochs = new Map<string, string>();

  constructor(deps: ReportDeps) {
    this.#deps = deps;
    this.#sender = new Sender(deps);
    this.#pins = new PinWatch({ ...deps, send: (lines) => this.#passing(topics.pins.of({ device: deps.device }), { lines }, 0) });
  }

  /** The next place in the total order of this device's messages. */
  nextOrder(): Order {
    this.#seq += 1;
    return { gen: this.#deps.generation, boot: this.#deps.store.boot, seq: this.#seq };
  }

  /** Something that the reported document shows may have changed. */
  changed(): void {
    this.#dirty.kick();
  }

  /** Keeps a fact until the manager has it; joins the transaction it is called in. */
  event(happening: Happening): void {
    const { device, log } = this.#deps;
    log.info(happening, 'event');
    this.#keep('event', { topic: topics.event.of({ device }), body: happening });
  }

  /** A command's state: final ones and refusals are kept until acknowledged, the others are told if somebody listens. */
  command(state: Omit<JournalEntry, 'cmd' | 'signed'>, kind: 'final' | 'refusal' | 'passing'): void {
    const topic = topics.commandState.of({ device: this.#deps.device, id: state.id });
    if (kind === 'passing') this.#passing(topic, state, 1);
    else this.#keep(kind === 'final' ? 'command' : 'refusal', { topic, body: state, key: state.id });
  }

  acked(ack: Ack): void {
    this.#sender.acked(ack);
  }

  /** Somebody looks at the pins for so many seconds. */
  leasePins(forS: number): void {
    this.#pins.lease(forS);
  }

  /** A manager said that it is there: in a new epoch it knows nothing of who is connected. */
  managerBorn(replica: string, birth: ManagerBirth): void {
    if (!birth.online || this.#epochs.get(replica) === birth.epoch) return;
    if (this.#epochs.size >= 64) this.#epochs = new Map();
    this.#epochs.set(replica, birth.epoch);
    this.#announce.kick();
  }

  /** Watches for changes until the signal fires, with or without a connection. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#refresh();
      } catch (cause) {
        this.#deps.log.error({ reason: toFault(cause).message }, 'report.not-kept');
        await this.#deps.clock.sleep(1_000, signal).catch(() => {
          // The signal ends the wait; the loop's condition ends the loop.
        });
        this.#dirty.kick();
      }
      await this.#dirty.next(signal).catch(() => {
        // The signal ends the wait, and with it the loop.
      });
    }
  }

  /** One connection: presence first, then all that waits, then heartbeats until it is lost. */
  async onSession(session: Session, signal: AbortSignal, onPresent: () => void): Promise<void> {
    this.#session = session;
    this.#refresh();
    await this.#presence(session);
    onPresent();
    await Promise.all([this.#sender.run((topic, body, qos) => session.publish(topic, body, qos), signal), this.#heartbeats(session, signal), this.#announcements(session, signal)]);
  }

  /** The last word of a clean stop; the broker then knows without a will. */
  async offline(): Promise<void> {
    const session = this.#session;
    if (!session || session.lost.aborted) return;
    const message: Presence = { ...this.nextOrder(), online: false, conn: session.conn };
    await session.publish(topics.presence.of({ device: this.#deps.device }), message, 1).catch((cause: unknown) => this.#deps.log.warn({ reason: toFault(cause).message }, 'presence.not-sent'));
  }

  [Symbol.dispose](): void {
    this.#pins[Symbol.dispose]();
  }

  /** What the device is now. */
  reported(): ReportedBody {
    return reportedOf({ ...this.#deps, policy: this.#deps.policy() });
  }

  /** Puts a new reported document into the outbox when it differs from the last one. */
  #refresh(): void {
    const { store, device } = this.#deps;
    const body = this.reported();
    const hash = digestOf(canonicalJson(JSON.parse(JSON.stringify(body))));
    if (hash === this.#reportedHash) return;
    store.outbox.put({ kind: 'reported', key: 'reported', topic: topics.reported.of({ device }), order: this.nextOrder(), body });
    this.#reportedHash = hash;
    this.#sender.kick();
  }

  #keep(kind: OutboxKind, { topic, body, key }: { topic: string; body: object; key?: CommandId }): void {
    const order = this.nextOrder();
    this.#deps.store.outbox.put({ kind, key: key ?? `${order.boot}/${order.seq}`, topic, order, body });
    this.#sender.kick();
  }

  #passing(topic: string, body: object, qos: 0 | 1): void {
    if (!this.#session || this.#session.lost.aborted) return;
    this.#session.publish(topic, { ...body, ...this.nextOrder() }, qos).catch((cause: unknown) => this.#deps.log.debug({ topic, reason: toFault(cause).message }, 'report.not-sent'));
  }

  async #presence(session: Session): Promise<void> {
    const { device, agent, model, store } = this.#deps;
    const desired = store.settings.get('desired');
    const message: Presence = {
      ...this.nextOrder(),
      online: true,
      conn: session.conn,
      agent,
      proto: protocolVersion,
      model: model(),
      can: [...verbNames],
      rev: desired?.rev ?? 0,
      desired: desired?.hash ?? null,
      reported: this.#reportedHash,
    };
    await session.publish(topics.presence.of({ device }), message, 1);
  }

  async #heartbeats(session: Session, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    while (!signal.aborted) {
      const spread = 0.8 + random() * 0.4;
      await clock.sleep(heartbeatS * 1_000 * spread, signal).catch(() => {
        // The signal ends the wait; looked at in the next line.
      });
      if (!signal.aborted) await this.#presence(session);
    }
  }

  async #announcements(session: Session, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.#announce.next(signal);
        await clock.sleep(random() * announceSpreadMs, signal);
      } catch {
        // Only the signal ends these waits.
        return;
      }
      await this.#presence(session);
    }
  }
}
