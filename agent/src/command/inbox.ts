import { randomUUID } from 'node:crypto';
import { type Clock, CommandId, type DeviceId, type Log, type Refusal, type Verdict, accept, toFault } from '@pier/shared/core';
import type { TrustPolicy } from '@pier/shared/signing';
import { type CommandState, isFinal } from '@pier/shared/wire';
import type { JournalEntry, Store } from '../store/index.ts';
import { type Asked, type Claims, decodeCommand } from './decode.ts';
import { type Order, judgeCommand } from './rules.ts';

/** Commands that are being acted upon at once; more are refused rather than queued without end. */
const inHandMax = 32;
/** Before an end that could not be written down is tried again. */
const writeAgainMs = 5_000;
/** Refused because they could not be written down: so many ids are remembered at once. */
const unwrittenMax = 1_000;

export type Answer = NonNullable<CommandState['result']>;

export type InboxDeps = {
  readonly device: DeviceId;
  readonly store: Store;
  readonly policy: () => TrustPolicy;
  readonly clock: Clock;
  readonly log: Log;
  /** Acts on a command; what it gives is the result. Its Faults become `failed`. `by`: the key's name, or who is claimed. */
  readonly act: (order: Order, whose: { readonly by: string }, signal: AbortSignal) => Promise<Answer>;
  /** Tells the world a command's state. `durable`: sent until acknowledged. */
  readonly publish: (state: Omit<JournalEntry, 'cmd' | 'signed'>, durable: 'final' | 'refusal' | 'passing') => void;
};

/**
 * Takes commands: each id is journalled before it acts, and runs at most once. Whatever happens on the way (a repeat, a crash,
 * a reconnect) ends in the last state being told again.
 */
export class Inbox implements Disposable {
  readonly #deps: InboxDeps;
  readonly #inHand = new Set<Promise<void>>();
  readonly #unwritten = new Map<string, Refusal>();
  /** Of ends that are still to be written down. */
  readonly #timers = new Set<Disposable>();

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  /** At start: what an earlier process left unfinished was interrupted, and is never run again. */
  recover(): void {
    for (const entry of this.#deps.store.journal.unfinished()) {
      this.#deps.log.warn({ id: entry.id, cmd: entry.cmd }, 'command.interrupted');
      this.#finish({ ...entry, state: 'interrupted', error: { code: 'interrupted', reason: 'the agent stopped while the command ran' } });
    }
  }

  /** One message of `down/cmd`. Never throws on what it says; durable before it returns. A retained message is somebody's mistake and no command. */
  take(payload: Uint8Array, { retained, signal }: { retained: boolean; signal: AbortSignal }): void {
    const { log, policy } = this.#deps;
    if (retained) return log.warn({}, 'command.retained-ignored');
    const decoded = decodeCommand(payload, policy());
    if (!decoded.ok) return this.#refuse(this.#claimed(decoded.claims), decoded.refusal);
    this.#judge(decoded.value, signal);
  }

  /** Somebody waits under this id for an answer to what nobody trusted has signed; an id that is in use is not answered for. */
  #claimed(claims: Claims | undefined): Pick<Asked, 'id' | 'cmd' | 'by'> | undefined {
    if (claims?.device !== this.#deps.device || this.#deps.store.journal.knows(claims.id)) return undefined;
    return { id: claims.id, cmd: claims.cmd, by: undefined };
  }

  async idle(): Promise<void> {
    await Promise.all(this.#inHand);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }

  #judge(asked: Asked, signal: AbortSignal): void {
    const { device, policy, store } = this.#deps;
    const { signed } = asked;
    const verdict = judgeCommand(asked, { device, policy: policy(), highest: signed && store.numbers.ofKey(signed.keyId), floor: signed && store.journal.floorOf(signed.keyId), lost: store.settings.get('lost') });
    // A repeat is answered however late it comes; whose it is and for which device was checked before.
    const known = asked.id === undefined || (!verdict.ok && verdict.refusal.code !== 'command-stale') ? undefined : store.journal.get(asked.id, signed?.keyId);
    if (known) return this.#tellAgain(known);
    if (!verdict.ok) return this.#refuse(asked, verdict.refusal);
    if (this.#inHand.size >= inHandMax) return this.#refuse(asked, { code: 'too-many-requests', reason: `${inHandMax} commands are being worked on already` });
    const entry = this.#accept(asked);
    if (!entry.ok) return this.#refuse(asked, entry.refusal);
    this.#deps.log.debug({ id: entry.value.id, cmd: entry.value.cmd }, 'step.command-accepted');
    const work: Promise<void> = this.#run(entry.value, verdict.value, signal).finally(() => this.#inHand.delete(work));
    this.#inHand.add(work);
  }

  /**
   * Journals the command. Refused `disk-full` or `storage-failed` when that cannot be done: what is not written down is not run.
   * An id that was refused so stays refused for this process, since somebody was told so.
   */
  #accept(asked: Asked): Verdict<JournalEntry> {
    const { store } = this.#deps;
    const { signed } = asked;
    const id = asked.id ?? madeUpId();
    const key = `${signed?.keyId ?? ''}/${id}`;
    const before = this.#unwritten.get(key);
    if (before) return { ok: false, refusal: before };
    const whose = { ...(asked.by === undefined ? {} : { by: asked.by }), ...(signed ? { signed: { keyId: signed.keyId, number: signed.number } } : {}) };
    try {
      const entry = store.transaction(() => {
        if (signed) store.numbers.raiseKey(signed.keyId, signed.number);
        return this.#note({ id, cmd: asked.cmd, n: 0, state: 'accepted', ...whose });
      });
      this.#tell(entry);
      return accept(entry);
    } catch (cause) {
      const { code, message } = toFault(cause);
      const refusal = { code, reason: `the command could not be written down, and was not run: ${message}` };
      const [oldest] = this.#unwritten.keys();
      if (oldest !== undefined && this.#unwritten.size >= unwrittenMax) this.#unwritten.delete(oldest);
      this.#unwritten.set(key, refusal);
      return { ok: false, refusal };
    }
  }

  async #run(accepted: JournalEntry, order: Order, signal: AbortSignal): Promise<void> {
    const { act, log } = this.#deps;
    const { id, cmd } = accepted;
    let running = accepted;
    let result: Answer;
    try {
      running = this.#note({ ...accepted, state: 'running' });
      this.#tell(running);
      log.debug({ id, cmd }, 'step.command-running');
      result = await act(order, { by: accepted.by ?? 'somebody' }, signal);
      log.debug({ id, cmd }, 'step.command-acted');
    } catch (cause) {
      // The agent is stopping: the next one finds the command unfinished and says so.
      if (signal.aborted) return;
      const { code, message } = toFault(cause);
      log.warn({ id, cmd, code, reason: message }, 'command.failed');
      return this.#finish({ ...running, state: 'failed', error: { code, reason: message.slice(0, 1_000) } });
    }
    this.#finish({ ...running, state: 'done', result });
    log.debug({ id, cmd }, 'step.command-done');
  }

  /**
   * Journals the end. An end that cannot be written down is told to whoever listens and written when it can be; if the agent
   * stops before, the next one says `interrupted`.
   */
  #finish(entry: JournalEntry, told = false): void {
    const { clock, log } = this.#deps;
    try {
      this.#note(entry);
    } catch (cause) {
      if (!told) {
        log.error({ id: entry.id, state: entry.state, reason: toFault(cause).message }, 'command.end-not-written');
        this.#tell({ ...entry, n: entry.n + 1 }, 'passing');
      }
      const timer = clock.after(writeAgainMs, () => {
        this.#timers.delete(timer);
        this.#finish(entry, true);
      });
      this.#timers.add(timer);
    }
  }

  /** Journals the next state; one that ends the command is put into the outbox with it. */
  #note(entry: JournalEntry): JournalEntry {
    const next = { ...entry, n: entry.n + 1 };
    this.#deps.store.transaction(() => {
      this.#deps.store.journal.put(next, this.#deps.clock.nowMs());
      if (isFinal(next.state)) this.#tell(next);
    });
    return next;
  }

  #tell({ cmd: _cmd, signed: _signed, ...state }: JournalEntry, how: 'final' | 'passing' = isFinal(state.state) ? 'final' : 'passing'): void {
    this.#deps.publish(state, how);
  }

  /** What is known already is in the journal: when the outbox takes nothing more it is told all the same. */
  #tellAgain(known: JournalEntry): void {
    try {
      this.#tell(known);
    } catch (cause) {
      if (!isForWantOfRoom(cause)) throw cause;
      this.#tell(known, 'passing');
    }
  }

  /** A refused command is answered and not journalled: somebody without rights must not be able to use up ids. */
  #refuse(asked: Pick<Asked, 'id' | 'cmd' | 'by'> | undefined, refusal: Refusal): void {
    this.#deps.log.warn({ id: asked?.id, cmd: asked?.cmd, by: asked?.by, ...refusal }, 'command.refused');
    const error = { code: refusal.code, reason: refusal.reason.slice(0, 1_000) };
    const state = { id: asked?.id ?? madeUpId(), n: 1, state: 'refused', error, ...(asked?.by === undefined ? {} : { by: asked.by }) } as const;
    try {
      this.#deps.publish(state, 'refusal');
    } catch (cause) {
      // A full disk keeps no refusal; who listens now hears it.
      if (!isForWantOfRoom(cause)) throw cause;
      this.#deps.publish(state, 'passing');
    }
  }
}

/** Whether a disk did not take what was to be kept. */
function isForWantOfRoom(cause: unknown): boolean {
  return ['disk-full', 'storage-failed'].includes(toFault(cause).code);
}

function madeUpId(): CommandId {
  return CommandId.parse(`made-up-${randomUUID().slice(0, 13)}`);
}
