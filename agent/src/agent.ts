/**
 * The agent, whole. Read this first: the stages are made here and joined here, and `turn` is the one road by which an app
 * gets from what is wanted to what runs, whether the word came just now or before a power cut.
 */
import type * as z from 'zod';
import { type AppName, type Clock, Fault, type FaultCode, type Log, type Random, parseJson, toFault } from '@pier/shared/core';
import { Ack, AppLease, ManagerBirth, PinsLease, topics } from '@pier/shared/wire';
import { createActs } from './acts.ts';
import { Inbox, RefusalFilter, judgeDesired } from './command/index.ts';
import { HeldIdentity, type Identity, type Received, enrolOnce, fetchPolicy, keepLink } from './link/index.ts';
import { type Outputs, openOutputs, withSafeOutputs } from './outputs/index.ts';
import { Report } from './report/index.ts';
import { Apps, type BoardKeeper, type OpenBoard, keepBoard } from './run/index.ts';
import type { Runner } from './run/sandbox/index.ts';
import { type Store, openStore } from './store/index.ts';
import { tellLoss, watchDisk } from './upkeep.ts';
import { type Trust, createVerifier, openRegistries, openTrust } from './verify/index.ts';

export type AgentOptions = {
  readonly folder: string;
  readonly manager: string;
  readonly token: string | undefined;
  /** Where the token was read from: taken away once it is used, when it lies in `folder`. */
  readonly tokenFile?: string | undefined;
  readonly name: string | undefined;
  readonly mirror: string | undefined;
  readonly version: string;
  readonly openBoard: OpenBoard;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The device is connected and has said so, for the first time since the start. */
  readonly onReady: (device: string) => void;
};

/** One app, one step closer to what is wanted of it, and again until nothing is left to do. */
export async function turn(apps: Pick<Apps, 'plan' | 'perform'>, app: AppName, signal: AbortSignal): Promise<void> {
  for (let rounds = 0; rounds < roundsMax; rounds += 1) {
    let outcome: Awaited<ReturnType<Apps['perform']>> = 'next';
    for (const step of apps.plan(app)) {
      outcome = await apps.perform(app, step, signal);
      if (outcome === 'again') break;
    }
    if (outcome === 'next') return;
  }
}
const roundsMax = 8;

/** Runs the agent until the signal fires; every guest is stopped and every output safe when it resolves. Faults: those of the folder and of the enrolment. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openStore(options.folder));
  const outputs = openOutputs(options);
  const board = stack.use(keepBoard(async (until) => await withSafeOutputs(await options.openBoard(until), { ...options, outputs }, until), options));
  const identity = await enrolOnce(options, { ...options, profile: async () => (await board.ready(signal)).profile }, signal);
  const agent = stack.use(new Agent({ options, store, board, outputs, identity }));
  await agent.run(signal);
}

type Parts = { readonly options: AgentOptions; readonly store: Store; readonly board: BoardKeeper; readonly outputs: Outputs; readonly identity: Identity };

const policyPauseMs = 5_000;

class Agent implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #stack = new AsyncDisposableStack();
  readonly #held: HeldIdentity;
  readonly #trust: Trust;
  readonly #apps: Apps;
  readonly #report: Report;
  readonly #inbox: Inbox;
  readonly #refusals: RefusalFilter;
  #isReady = false;
  #policyTriedMs = Number.NEGATIVE_INFINITY;
  /** Desired documents are judged one after the other; a newer one waits for the policy that an older one asked for. */
  #desiredQueue: Promise<void> = Promise.resolve();
  #desiredWaiting = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { options, store, board, outputs, identity } = parts;
    const { clock, random, log } = options;
    this.#refusals = new RefusalFilter(clock);
    this.#trust = openTrust({ store, enrolled: identity.policy, rootId: identity.rootId, log });
    this.#held = new HeldIdentity(options.folder, identity);
    const registries = this.#stack.use(openRegistries({ manager: { origin: options.manager, tls: () => this.#held.tls }, mirror: options.mirror }));
    const verifier = createVerifier({ store, registries, trust: this.#trust, log });
    this.#report = this.#stack.use(
      new Report({
        device: identity.device,
        generation: identity.generation,
        agent: options.version,
        store,
        clock,
        random,
        log,
        model: () => board.model,
        policy: () => this.#trust.policy.number,
        alive: (app) => this.#apps.alive(app),
        lastEnd: (app) => this.#apps.lastEnd(app),
        usage: () => this.#apps.usage(),
        trace: (app) => this.#apps.trace(app),
        lines: () => this.#apps.lines(),
      }),
    );
    this.#apps = this.#stack.use(new Apps({ store, verifier, runner: options.runner, board, outputs, clock, random, log, tell: this.#report }));
    this.#inbox = this.#stack.use(
      new Inbox({
        device: identity.device,
        store,
        policy: () => this.#trust.policy,
        clock,
        log,
        act: createActs({ agent: options.version, apps: this.#apps, report: this.#report }),
        publish: (state, kind) => this.#report.command(state, kind),
      }),
    );
  }

  /** Everything at once: apps from the store without waiting for a network, the link beside them. Faults: `storage-failed` when the database turned out to be damaged; the next start has a new one. */
  async run(stop: AbortSignal): Promise<void> {
    const { options, board, store } = this.#parts;
    const signal = AbortSignal.any([stop, store.damage]);
    this.#inbox.recover();
    const upkeep = { ...this.#parts, ...options, tell: this.#report };
    tellLoss(upkeep);
    using _disk = watchDisk(upkeep);
    // The link ends after the guests: what happens to them while they stop is still told.
    const linkEnd = new AbortController();
    const told = { order: () => this.#report.nextOrder(), onMessage: (received: Received) => this.#receive(received, signal) };
    const onSession: Parameters<typeof keepLink>[0]['onSession'] = (session, life) => this.#report.onSession(session, life, () => this.#ready());
    const link = keepLink({ ...options, ...told, held: this.#held, profile: async () => (await board.ready(signal)).profile, onSession }, linkEnd.signal);
    const report = this.#report.run(linkEnd.signal);
    try {
      await this.#apps.run((app, inner) => turn(this.#apps, app, inner), signal);
      await this.#apps[Symbol.asyncDispose]();
      await this.#inbox.idle();
      await this.#report.offline();
    } finally {
      linkEnd.abort();
      await Promise.all([link, report, this.#desiredQueue]);
    }
    if (!stop.aborted) store.damage.throwIfAborted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#parts.options.onReady(this.#parts.identity.device);
  }

  /** A message from the broker. Whatever it holds, nothing here throws: what cannot be read is logged and let go. */
  #receive({ topic, payload, retained }: Received, signal: AbortSignal): void {
    const { log } = this.#parts.options;
    try {
      const { device } = this.#parts.identity;
      if (topic === topics.command.of({ device })) this.#inbox.take(payload, { retained, signal });
      else if (topic === topics.desired.of({ device })) this.#enqueueDesired(payload, signal);
      else if (topic === topics.ack.of({ device })) this.#report.acked(read(Ack, payload));
      else if (topic === topics.pinsLease.of({ device })) this.#report.leasePins(read(PinsLease, payload).for);
      else if (topic === topics.logLease.of({ device })) this.#report.leaseLog(read(AppLease, payload));
      else if (topic === topics.telemetryLease.of({ device })) this.#report.leaseTelemetry(read(AppLease, payload));
      else this.#managerSaid(topic, payload);
    } catch (cause) {
      log.warn({ topic: topic.slice(0, 256), reason: toFault(cause).message.slice(0, 300) }, 'link.message-ignored');
    }
  }

  #managerSaid(topic: string, payload: Uint8Array): void {
    const replica = topics.manager.parse(topic)?.replica;
    if (replica === undefined) throw new Fault('input-invalid', 'this device did not ask for this topic');
    this.#report.managerBorn(replica, read(ManagerBirth, payload));
  }

  #enqueueDesired(payload: Uint8Array, signal: AbortSignal): void {
    if (this.#desiredWaiting >= desiredWaitingMax) throw new Fault('too-many-requests', 'desired documents come faster than they can be judged');
    this.#desiredWaiting += 1;
    this.#desiredQueue = this.#desiredQueue
      .then(() => this.#takeDesired(payload, signal))
      .catch((cause: unknown) => {
        if (!signal.aborted) this.#parts.options.log.error({ reason: toFault(cause).message }, 'desired.not-taken');
      })
      .finally(() => {
        this.#desiredWaiting -= 1;
      });
  }

  async #takeDesired(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    let verdict = this.#judgeDesired(payload);
    // A policy that is not here yet may name the key that signed this.
    if (!verdict.ok && verdict.refusal.code === 'untrusted-signer' && (await this.#renewPolicy(signal))) verdict = this.#judgeDesired(payload);
    // Nor may it name any more the key that signed what is held: then a lower rev is none.
    if (!verdict.ok && (verdict.policy ?? 0) > this.#trust.policy.number && (await this.#renewPolicy(signal))) verdict = this.#judgeDesired(payload);
    if (!verdict.ok) return this.#refuseDesired(verdict.refusal);
    if (verdict.value.kind === 'same') return;
    const { desired, hash, signedBy } = verdict.value;
    if (desired.policy > this.#trust.policy.number) await this.#renewPolicy(signal);
    this.#parts.options.log.info({ rev: desired.rev, apps: Object.keys(desired.apps) }, 'desired.taken');
    this.#apps.want(desired, { hash, signedBy });
    this.#report.changed();
  }

  #judgeDesired(payload: Uint8Array): ReturnType<typeof judgeDesired> {
    const held = this.#parts.store.settings.get('desired');
    return judgeDesired(payload, { device: this.#parts.identity.device, policy: this.#trust.policy, held: { rev: held?.rev ?? 0, hash: held?.hash ?? null, revs: held?.revs } });
  }

  /** Everything keeps running; the refusal is reported until a document is taken. */
  #refuseDesired({ code, reason }: { code: FaultCode; reason: string }): void {
    const { store, options } = this.#parts;
    const said = { code, reason: reason.slice(0, 1_000) };
    const untold = this.#refusals.take(said);
    if (untold === undefined) return;
    options.log.warn({ ...said, untold }, 'desired.refused');
    if (untold > 0) said.reason = `${said.reason.slice(0, 900)} (${untold} more refusals were not told)`;
    store.transaction(() => {
      store.settings.set('desiredRefused', said);
      this.#report.event({ type: 'desired.refused', ...said });
    });
    this.#report.changed();
  }

  /** Whether a newer policy is in force now; asked for at most every few seconds. */
  async #renewPolicy(signal: AbortSignal): Promise<boolean> {
    const { options } = this.#parts;
    const nowMs = options.clock.monotonicMs();
    if (nowMs - this.#policyTriedMs < policyPauseMs) return false;
    this.#policyTriedMs = nowMs;
    try {
      const taken = this.#trust.take(await fetchPolicy(this.#held.now, options.manager, signal));
      if (!taken.ok) options.log.warn({ ...taken.refusal }, 'policy.refused');
      return taken.ok;
    } catch (cause) {
      options.log.warn({ reason: toFault(cause).message }, 'policy.not-fetched');
      return false;
    }
  }
}

const desiredWaitingMax = 16;

function read<S extends z.ZodType>(schema: S, payload: Uint8Array): z.infer<S> {
  return schema.parse(parseJson(payload, { what: 'message' }));
}
