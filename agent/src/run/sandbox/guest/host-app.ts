import type { HostError } from '@pier/shared/abi';
import { control, type ThreadMessage } from '../thread.ts';
import type { Pollables } from './host-poll.ts';
import type { GuestMemory } from './memory.ts';

const reasonBytesMax = 512;
const messageGapNs = 100_000_000n;

/** Ends a host function with an error code, and keeps a sentence for `pier_app.last_error`. */
export class HostFailure extends Error {
  readonly code: HostError;

  constructor(code: HostError, message: string) {
    super(message);
    this.code = code;
  }
}

export type AppDeps = {
  readonly memory: GuestMemory;
  readonly control: Int32Array;
  readonly pollables: Pollables;
  readonly monotonicNs: () => bigint;
  readonly send: (message: ThreadMessage) => void;
  readonly lastError: () => string;
};

/** `pier_app`: what a guest tells the agent about itself. Messages are few, however often the guest calls. */
export function appFunctions({ memory, control: words, pollables, monotonicNs, send, lastError }: AppDeps) {
  let isReady = false;
  const sentNs = { beat: -messageGapNs, failing: -messageGapNs };
  const seldom = (kind: keyof typeof sentNs): boolean => {
    const nowNs = monotonicNs();
    if (nowNs - sentNs[kind] < messageGapNs) return false;
    sentNs[kind] = nowNs;
    return true;
  };
  const isStopping = (): boolean => Atomics.load(words, control.stop) !== 0;
  return {
    ready: (): number => {
      if (!isReady) send({ kind: 'ready' });
      isReady = true;
      return 0;
    },
    beat: (): number => {
      if (seldom('beat')) send({ kind: 'beat' });
      return 0;
    },
    failing: (pointer: number, length: number): number => {
      const bytes = memory.bytes(pointer, length);
      // Cut rather than refused: a reason that is too long is still a reason.
      const reason = new TextDecoder().decode(bytes.slice(0, reasonBytesMax));
      if (seldom('failing')) send({ kind: 'failing', reason });
      return 0;
    },
    stop_requested: (): number => (isStopping() ? 1 : 0),
    subscribe_stop: (): number => pollables.add({ isReady: isStopping }),
    last_error: (pointer: number, capacity: number): number => {
      const into = memory.bytes(pointer, capacity);
      return new TextEncoder().encodeInto(lastError(), into).written;
    },
  };
}
