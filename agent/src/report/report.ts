import { type AppName, type Clock, type CommandId, type DeviceId, type Digest, type Log, type Random, canonicalJson, toFault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Ack, type AppLease, type ManagerBirth, type Order, type Pins, type Presence, heartbeatS, protocolVersion, topics, verbNames } from '@pier/shared/wire';
import type { Alive, Happening, LastEnd, OutputLine, Sample, Trace, Usage } from '../guest.ts';
import type { Session } from '../link/index.ts';
import type { JournalEntry, OutboxKind, Store } from '../store/index.ts';
import { Wake } from '../wake.ts';
import { type AppLine, LineReader, findHeld } from './line-reader.ts';
import { PinWatch } from './pins.ts';
import { type ReportedBody, reportedOf } from './reported.ts';
import { Sender } from './sender.ts';
import { Tails, logKind, telemetryKind } from './tails.ts';

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
  readonly lastEnd: (app: AppName) => LastEnd | undefined;
  readonly usage: () => Readonly<Record<AppName, Usage>>;
  readonly trace: (app: AppName) => Trace | undefined;
  readonly lines: () => readonly AppLine[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** `active`: what the level means to the app, by its ask. */
export type ReadLine = Pick<Pins['lines'][number], 'chip' | 'line' | 'name' | 'label' | 'app' | 'direction' | 'level'> & { readonly active: boolean };

/** Everything that the device says of itself: on disk first, on the wire when there is one, until it is acknowledged. */
export class Report implements Disposable {
  readonly #deps: ReportDeps;
  readonly #sender: Sender;
  readonly #reader: LineReader;
  readonly #pins: PinWatch;
  readonly #logs: Tails<OutputLine>;
  readonly #telemetry: Tails<Sample>;
  readonly #dirty = new Wake();
  readonly #announce = new Wake();
  #session: Session | undefined;
  #seq = 0;
  #reportedHash: Digest | null = null;
  #passedHash: Digest | null = null;
  #epochs = new Map<string, string>();

  constructor(deps: ReportDeps) {
    this.#deps = deps;
    this.#sender = new Sender(deps);
    const { device, clock, trace } = deps;
    this.#reader = new LineReader(clock);
    this.#pins = new PinWatch({ ...deps, reader: this.#reader, send: (lines) => void this.#passing(topics.pins.of({ device }), { lines }, 0) });
    this.#logs = new Tails(logKind, { clock, trace, send: (app, body) => this.#passing(topics.log.of({ device, app }), body, 0) });
    this.#telemetry = new Tails(telemetryKind, { clock, trace, send: (app, body) => this.#passing(topics.telemetry.of({ device, app }), body, 0) });
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
    if (kind === 'passing') void this.#passing(topic, state, 1);
    else this.#keep(kind === 'final' ? 'command' : 'refusal', { topic, body: state, key: state.id });
  }

  acked(ack: Ack): void {
    this.#sender.acked(ack);
    this.#deps.log.debug({ seq: ack.seq }, 'step.report-acked');
  }

  /** Somebody looks at the pins for so many seconds. */
  leasePins(forS: number): void {
    this.#pins.lease(forS);
  }

  /** Somebody reads the lines of an app for so many seconds. Faults: `app-unknown`, `too-many-requests`. */
  leaseLog(lease: AppLease): void {
    this.#logs.lease(lease);
    this.#deps.log.debug({ app: lease.app }, 'step.log-lease-taken');
  }

  /** The same for its samples. */
  leaseTelemetry(lease: AppLease): void {
    this.#telemetry.lease(lease);
  }

  /** What a line that an app holds shows now. Faults: those of `findHeld`, `hardware-fault`. */
  readLine(want: Parameters<typeof findHeld>[1]): ReadLine {
    const { app, held } = findHeld(this.#deps.lines(), want);
    const level = this.#reader.read(held);
    return { ...held.line.at, name: held.name, label: held.label, app, direction: held.line.direction, level, active: (level === 1) === (held.active === 'high') };
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
    let isBehind = false;
    while (!signal.aborted) {
      try {
        this.#refresh();
        isBehind = false;
      } catch (cause) {
        // Said once: a log of the same each second would fill what is left of a full disk.
        if (!isBehind) this.#deps.log.error({ reason: toFault(cause).message }, 'report.not-kept');
        isBehind = true;
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
    // Of what was told in passing nobody knows whether it was heard.
    this.#passedHash = null;
    try {
      this.#refresh();
    } catch {
      // The loop in `run` says so, and tries it again.
      this.changed();
    }
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
    for (const watch of [this.#pins, this.#logs, this.#telemetry]) watch[Symbol.dispose]();
  }

  /** What the device is now. */
  reported(): ReportedBody {
    return reportedOf({ ...this.#deps, policy: this.#deps.policy() });
  }

  /** Puts a new reported document into the outbox when it differs from the last one. */
  #refresh(): void {
    const { device } = this.#deps;
    const body = this.reported();
    const hash = digestOf(canonicalJson(JSON.parse(JSON.stringify(body))));
    if (hash === this.#reportedHash) return;
    const topic = topics.reported.of({ device });
    try {
      this.#put({ kind: 'reported', key: 'reported', topic, order: this.nextOrder(), body });
    } catch (cause) {
      // A full disk keeps no report, and must not keep the manager from hearing so: it is told once, and kept when there is room.
      if (this.#passedHash !== hash && this.#passing(topic, body, 1)) this.#passedHash = hash;
      throw cause;
    }
    this.#reportedHash = hash;
    this.#deps.log.debug({}, 'step.report-queued');
  }

  #keep(kind: OutboxKind, { topic, body, key }: { topic: string; body: object; key?: CommandId }): void {
    const order = this.nextOrder();
    this.#put({ kind, key: key ?? `${order.boot}/${order.seq}`, topic, order, body });
  }

  #put(message: Parameters<Store['outbox']['put']>[0]): void {
    const { store, log } = this.#deps;
    const dropped = store.outbox.put(message);
    if (dropped > 0) {
      log.warn({ kind: message.kind, dropped }, 'outbox.dropped');
      this.changed();
    }
    this.#sender.kick();
  }

  /** Tells whoever listens now; undefined when nobody can. Never rejects. */
  #passing(topic: string, body: object, qos: 0 | 1): Promise<void> | undefined {
    if (!this.#session || this.#session.lost.aborted) return undefined;
    return this.#session.publish(topic, { ...body, ...this.nextOrder() }, qos).catch((cause: unknown) => this.#deps.log.debug({ topic, reason: toFault(cause).message }, 'report.not-sent'));
  }

  async #presence(session: Session): Promise<void> {
    const { device, agent, model, store, usage } = this.#deps;
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
      usage: usage(),
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
