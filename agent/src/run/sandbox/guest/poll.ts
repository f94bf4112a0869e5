import { control } from '../thread.ts';
import { errno, fail } from './errno.ts';
import type { GuestMemory } from './memory.ts';

const subscriptionsMax = 256;
const subscriptionBytes = 48;
const eventBytes = 32;
const waitMsMax = 1 << 30;
const tag = { clock: 0, read: 1, write: 2 } as const;
const absolute = 1;

type Subscription = { readonly userdata: bigint; readonly type: number; readonly error: number; readonly dueNs: bigint };

export type PollDeps = {
  readonly memory: GuestMemory;
  readonly control: Int32Array;
  readonly realtimeNs: () => bigint;
  readonly monotonicNs: () => bigint;
  /** Whether a descriptor is open: standard streams and files never make a reader or a writer wait. */
  readonly isOpen: (fd: number) => boolean;
  /** Called before each sleep; says in how many milliseconds it wants to be called again. */
  readonly beforeSleep: () => number;
};

/**
 * `poll_oneoff`: sleeps in `Atomics.wait`, which costs no CPU time and which `terminate()` ends. When the agent asks the
 * guest to stop, the sleep under way returns its nearest clock event at once, so that the guest soon sees `stop_requested`.
 */
export function makePoll(deps: PollDeps): (inPointer: number, outPointer: number, count: number, eventsPointer: number) => number {
  return (inPointer, outPointer, count, eventsPointer) => {
    const size = count >>> 0;
    if (size === 0 || size > subscriptionsMax) fail('inval');
    const { memory } = deps;
    memory.bytes(outPointer, size * eventBytes);
    memory.bytes(eventsPointer, 4);
    const list = memory.bytes(inPointer, size * subscriptionBytes);
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    const subscriptions = Array.from({ length: size }, (_, index) => subscriptionAt(view, index * subscriptionBytes, deps));
    const nearest = subscriptions.reduce((near, one) => (one.dueNs < near.dueNs ? one : near));
    const woken = sleepUntil(nearest.dueNs, deps);
    const nowNs = deps.monotonicNs();
    const due = subscriptions.filter((one) => one.dueNs <= nowNs || (woken && one === nearest));
    const out = memory.view;
    for (const [index, one] of due.entries()) writeEvent(out, (outPointer >>> 0) + index * eventBytes, one);
    memory.setU32(eventsPointer, due.length);
    return errno.success;
  };
}

/** What is ready, or in error, is due since ever. */
function subscriptionAt(view: DataView, at: number, deps: PollDeps): Subscription {
  const userdata = view.getBigUint64(at, true);
  const type = view.getUint8(at + 8);
  if (type === tag.read || type === tag.write) return { userdata, type, error: deps.isOpen(view.getUint32(at + 16, true)) ? errno.success : errno.badf, dueNs: 0n };
  if (type !== tag.clock) fail('inval');
  const clock = view.getUint32(at + 16, true);
  const timeoutNs = view.getBigUint64(at + 24, true);
  const flags = view.getUint16(at + 40, true);
  if (clock > 1 || flags > absolute) return { userdata, type, error: errno.inval, dueNs: 0n };
  const startNs = flags === absolute && clock === 0 ? deps.monotonicNs() - deps.realtimeNs() : flags === absolute ? 0n : deps.monotonicNs();
  return { userdata, type, error: errno.success, dueNs: startNs + timeoutNs };
}

/** Returns whether the sleep was ended by the wish to stop. */
function sleepUntil(dueNs: bigint, deps: PollDeps): boolean {
  const wasStopping = Atomics.load(deps.control, control.stop) !== 0;
  // Once the guest was woken for the stop, later sleeps run their time on a word that nobody changes: no busy loop.
  const word = wasStopping ? control.never : control.stop;
  let leftNs = dueNs - deps.monotonicNs();
  while (leftNs > 0n) {
    Atomics.wait(deps.control, word, 0, Math.min(Number(leftNs) / 1e6, deps.beforeSleep(), waitMsMax));
    if (!wasStopping && Atomics.load(deps.control, control.stop) !== 0) return true;
    leftNs = dueNs - deps.monotonicNs();
  }
  return false;
}

function writeEvent(out: DataView, at: number, { userdata, error, type }: Subscription): void {
  out.setBigUint64(at, userdata, true);
  out.setUint16(at + 8, error, true);
  out.setUint8(at + 10, type);
  // A ready descriptor: at least one byte can be read or written.
  out.setBigUint64(at + 16, type === tag.clock || error !== errno.success ? 0n : 1n, true);
  out.setUint16(at + 24, 0, true);
}
