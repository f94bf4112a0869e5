import { randomUUID } from 'node:crypto';
import { type Clock, CommandId, type DeviceId, type Log, type Refusal, toFault } from '@pier/shared/core';
import type { TrustPolicy } from '@pier/shared/signing';
import type { CommandState } from '@pier/shared/wire';
import type { JournalEntry, Store } from '../store/index.ts';
import { type Asked, type Claims, decodeCommand } from './decode.ts';
import { type Order, judgeCommand } from './rules.ts';

/** Commands that are being acted upon at once; more are refused rather than queued without end. */
const inHandMax = 32;

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
export class Inbox {
  readonly #deps: InboxDeps;
  readonly #inHand = new Set<Promise<void>>();

  constructor(deps: InboxDeps) {
    this.#deps = deps;
  }

  /** At start: what an earlier process left unfinished was interrupted, and is never run again. */
  recover(): void {
    for (const entry of this.#deps.store.journal.unfinished()) {
      this.#deps.log.warn({ id: entry.id, cmd: entry.cmd }, 'command.interrupted');
      this.#note({ ...entry, state: 'interrupted', error: { code: 'interrupted', reason: 'the agent stopped while the command ran' } });
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

  #judge(asked: Asked, signal: AbortSignal): void {
    const { device, policy, store } = this.#deps;
    const { signed } = asked;
    const verdict = judgeCommand(asked, { device, policy: policy(), highest: signed && store.numbers.ofKey(signed.keyId), floor: signed && store.journal.floorOf(signed.keyId) });
    // A repeat is answered however late it comes; whose it is and for which device was checked before.
    const known = asked.id === undefined || (!verdict.ok && verdict.refusal.code !== 'command-stale') ? undefined : store.journal.get(asked.id, signed?.keyId);
    if (known) return this.#tell(known);
    if (!verdict.ok) return this.#refuse(asked, verdict.refusal);
    if (this.#inHand.size >= inHandMax) return this.#refuse(asked, { code: 'too-many-requests', reason: `${inHandMax} commands are being worked on already` });
    const entry = store.transaction(() => {
      if (signed) store.numbers.raiseKey(signed.keyId, signed.number);
      const whose = { ...(asked.by === undefined ? {} : { by: asked.by }), ...(signed ? { signed: { keyId: signed.keyId, number: signed.number } } : {}) };
      return this.#note({ id: asked.id ?? madeUpId(), cmd: asked.cmd, n: 0, state: 'accepted', ...whose });
    });
    this.#deps.log.debug({ id: entry.id, cmd: entry.cmd }, 'step.command-accepted');
    const work: Promise<void> = this.#run(entry, verdict.value, signal).finally(() => this.#inHand.delete(work));
    this.#inHand.add(work);
  }

  async #run(accepted: JournalEntry, order: Order, signal: AbortSignal): Promise<void> {
    const running = this.#note({ ...accepted, state: 'running' });
    this.#deps.log.debug({ id: running.id, cmd: running.cmd }, 'step.command-running');
    try {
      const result = await this.#deps.act(order, { by: accepted.by ?? 'somebody' }, signal);
      this.#deps.log.debug({ id: running.id, cmd: running.cmd }, 'step.command-acted');
      this.#note({ ...running, state: 'done', result });
      this.#deps.log.debug({ id: running.id, cmd: running.cmd }, 'step.command-done');
    } catch (cause) {
      const fault = toFault(cause);
      // The agent is stopping: the next one finds the command unfinished and says so.
      if (signal.aborted) return;
      this.#deps.log.warn({ id: running.id, cmd: running.cmd, code: fault.code, reason: fault.message }, 'command.failed');
      this.#note({ ...running, state: 'failed', error: { code: fault.code, reason: fault.message.slice(0, 1_000) } });
    }
  }

  /** Journals the next state, then tells it. */
  #note(entry: JournalEntry): JournalEntry {
    const next = { ...entry, n: entry.n + 1 };
    this.#deps.store.transaction(() => {
      this.#deps.store.journal.put(next, this.#deps.clock.nowMs());
      this.#tell(next);
    });
    return next;
  }

  #tell({ cmd: _cmd, signed: _signed, ...state }: JournalEntry): void {
    const final = state.state !== 'accepted' && state.state !== 'running';
    this.#deps.publish(state, final ? 'final' : 'passing');
  }

  /** A refused command is answered and not journalled: somebody without rights must not be able to use up ids. */
  #refuse(asked: Pick<Asked, 'id' | 'cmd' | 'by'> | undefined, refusal: Refusal): void {
    this.#deps.log.warn({ id: asked?.id, cmd: asked?.cmd, by: asked?.by, ...refusal }, 'command.refused');
    const error = { code: refusal.code, reason: refusal.reason.slice(0, 1_000) };
    this.#deps.publish({ id: asked?.id ?? madeUpId(), n: 1, state: 'refused', error, ...(asked?.by === undefined ? {} : { by: asked.by }) }, 'refusal');
  }
}

function madeUpId(): CommandId {
  return CommandId.parse(`made-up-${randomUUID().slice(0, 13)}`);
}
