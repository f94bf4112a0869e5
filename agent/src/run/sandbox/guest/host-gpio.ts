import { gpioEventBytes } from '@pier/shared/abi';
import type { LineValue } from '@pier/shared/cell';
import { Bucket } from '../bucket.ts';
import { EdgeRing, type RingRecord, lostMax } from '../ring.ts';
import type { ThreadLine, ThreadMessage } from '../thread.ts';
import { Handles } from './handles.ts';
import { HostFailure } from './host-app.ts';
import type { Pollables } from './host-poll.ts';
import type { GuestMemory } from './memory.ts';

const eventsPerCallMax = 256;
const edge = { toActive: 1, toInactive: 2, both: 3 } as const;

type Slot = {
  readonly line: ThreadLine;
  readonly value: LineValue;
  readonly writes: Bucket;
  readonly ring: EdgeRing | undefined;
  /** The edges that the guest watches, 0 while it does not. */
  watched: number;
  /** Losses told with events that the guest does not watch; the next one that it does watch carries them. */
  lost: number;
  handle: number | undefined;
  /** The output has become an input and cannot be an output again in this run. */
  gone: boolean;
};

export type GpioDeps = {
  readonly memory: GuestMemory;
  readonly lines: readonly ThreadLine[];
  readonly pollables: Pollables;
  readonly openValue: (line: ThreadLine) => LineValue;
  readonly monotonicNs: () => bigint;
  readonly send: (message: ThreadMessage) => void;
};

/** `pier_gpio`: granted lines by label. Rights live here, never in the guest's memory; a handle's number is never used twice. */
export class Gpio {
  readonly #deps: GpioDeps;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #handles = new Handles<Slot>('handle');

  constructor(deps: GpioDeps) {
    this.#deps = deps;
    this.#slots = new Map(deps.lines.map((line) => [line.label, slotOf(line, deps)]));
  }

  open(pointer: number, length: number, mode: number, flags: number): number {
    const label = this.#deps.memory.label(pointer, length);
    if (label === undefined) throw new HostFailure('undefined-label', `a label of ${length >>> 0} bytes is none`);
    if (mode !== 0 && mode !== 1) throw new HostFailure('bad-argument', `mode ${mode} is neither 0 (in) nor 1 (out)`);
    if (flags !== 0) throw new HostFailure('bad-argument', `flags are ${flags}, expected 0`);
    const slot = this.#slots.get(label);
    if (!slot) throw new HostFailure('undefined-label', `"${label}" is not among the granted labels`);
    if ((slot.line.ask.mode === 'out') !== (mode === 1)) throw new HostFailure('mode-not-allowed', `"${label}" is granted as ${slot.line.ask.mode}put`);
    if (slot.handle !== undefined) throw new HostFailure('already-in-use', `"${label}" is open as handle ${slot.handle}`);
    if (slot.gone) throw new HostFailure('mode-not-available', `"${label}" was given up and is an input now`);
    slot.handle = this.#handles.add(slot);
    return slot.handle;
  }

  get(handle: number): number {
    return stateOf(this.#handles.get(handle));
  }

  set(handle: number, active: number): number {
    if (active !== 0 && active !== 1) throw new HostFailure('bad-argument', `${active} is neither 0 (inactive) nor 1 (active)`);
    drive(this.#output(handle), active);
    return 0;
  }

  toggle(handle: number): number {
    const slot = this.#output(handle);
    const active = stateOf(slot) === 0 ? 1 : 0;
    drive(slot, active);
    return active;
  }

  watch(handle: number, edges: number): number {
    const slot = this.#handles.get(handle);
    if (edges < 1 || edges > edge.both) throw new HostFailure('bad-argument', `edges are ${edges}; expected 1, 2 or 3`);
    if ((edges & ~edgesAsked(slot.line)) !== 0) throw new HostFailure('mode-not-allowed', `the ask of "${slot.line.label}" does not name these edges`);
    if (slot.watched !== 0) throw new HostFailure('already-in-use', `"${slot.line.label}" is watched already`);
    slot.watched = edges;
    // What happened before the guest began to watch is none of its events.
    slot.ring?.clear();
    slot.lost = 0;
    return 0;
  }

  events(handle: number, pointer: number, capacity: number): number {
    const slot = this.#handles.get(handle);
    const room = Math.min(Math.floor((capacity >>> 0) / gpioEventBytes), eventsPerCallMax);
    if (slot.watched === 0) throw new HostFailure('bad-argument', `handle ${handle} is not watched`);
    if (room === 0) throw new HostFailure('bad-argument', `${capacity >>> 0} bytes hold no event; one has ${gpioEventBytes}`);
    const into = this.#deps.memory.bytes(pointer, room * gpioEventBytes);
    return writeEvents(slot, new DataView(into.buffer, into.byteOffset, into.byteLength), room);
  }

  subscribe(handle: number): number {
    const slot = this.#handles.get(handle);
    if (slot.line.ask.mode === 'out') throw new HostFailure('mode-not-allowed', `"${slot.line.label}" is an output, and has no events`);
    return this.#deps.pollables.add({ isReady: () => slot.handle !== handle || hasEvent(slot) });
  }

  close(handle: number): number {
    const slot = this.#handles.remove(handle);
    slot.handle = undefined;
    slot.watched = 0;
    if (slot.line.ask.mode === 'out') this.#giveUp(slot);
    return 0;
  }

  #output(handle: number): Slot {
    const slot = this.#handles.get(handle);
    const { ask, label } = slot.line;
    if (ask.mode !== 'out') throw new HostFailure('mode-not-allowed', `"${label}" is an input`);
    if (slot.writes.take(1) === 0) throw new HostFailure('rate-limited', `"${label}" may be written ${ask.maxWritesPerS} times a second`);
    return slot;
  }

  #giveUp(slot: Slot): void {
    if (slot.line.safe === 'low') slot.value.write(0);
    if (slot.line.safe === 'high') slot.value.write(1);
    if (slot.line.safe !== 'input') return;
    slot.gone = true;
    this.#deps.send({ kind: 'release', label: slot.line.label });
  }
}

function slotOf(line: ThreadLine, { openValue, monotonicNs }: GpioDeps): Slot {
  const ring = line.events && new EdgeRing(line.events);
  const perS = line.ask.mode === 'out' ? line.ask.maxWritesPerS : 1;
  return { line, value: openValue(line), writes: new Bucket(perS, monotonicNs), ring, watched: 0, lost: 0, handle: undefined, gone: false };
}

/** Level on the wire and state of the app differ where the ask says that low is active. */
function inverted(line: ThreadLine): boolean {
  return line.ask.active === 'low';
}

function stateOf({ line, value }: Slot): number {
  return (value.read() === 1) === inverted(line) ? 0 : 1;
}

function drive({ line, value }: Slot, active: 0 | 1): void {
  value.write((active === 1) === inverted(line) ? 0 : 1);
}

/** The ask names edges of the wire, the guest edges of the state. */
function edgesAsked(line: ThreadLine): number {
  if (line.ask.mode !== 'in' || line.ask.edges === 'none') return 0;
  if (line.ask.edges === 'both') return edge.both;
  return (line.ask.edges === 'rising') === inverted(line) ? edge.toInactive : edge.toActive;
}

function isActiveAt(record: RingRecord, line: ThreadLine): boolean {
  return (record.level === 1) !== inverted(line);
}

/** Leaves out the events that the guest does not watch, and says whether one is left. */
function hasEvent(slot: Slot): boolean {
  for (let record = slot.ring?.peek(); slot.watched !== 0 && record; record = slot.ring?.peek()) {
    if ((slot.watched & (isActiveAt(record, slot.line) ? edge.toActive : edge.toInactive)) !== 0) return true;
    slot.lost += record.lost;
    slot.ring?.shift();
  }
  return false;
}

function writeEvents(slot: Slot, into: DataView, room: number): number {
  let count = 0;
  for (; count < room && hasEvent(slot); count += 1) {
    const record = slot.ring?.shift();
    if (!record) break;
    const isActive = isActiveAt(record, slot.line);
    const at = count * gpioEventBytes;
    into.setBigUint64(at, record.tNs, true);
    into.setUint32(at + 8, record.seq, true);
    into.setUint32(at + 12, Math.min(record.lost + slot.lost, lostMax), true);
    into.setUint16(at + 16, isActive ? edge.toActive : edge.toInactive, true);
    into.setUint16(at + 18, isActive ? 1 : 0, true);
    into.setUint32(at + 20, 0, true);
    slot.lost = 0;
  }
  return count;
}

export function gpioFunctions(gpio: Gpio) {
  return {
    open: (pointer: number, length: number, mode: number, flags: number) => gpio.open(pointer, length, mode, flags),
    get: (handle: number) => gpio.get(handle),
    set: (handle: number, active: number) => gpio.set(handle, active),
    toggle: (handle: number) => gpio.toggle(handle),
    watch: (handle: number, edges: number) => gpio.watch(handle, edges),
    events: (handle: number, pointer: number, capacity: number) => gpio.events(handle, pointer, capacity),
    subscribe: (handle: number) => gpio.subscribe(handle),
    close: (handle: number) => gpio.close(handle),
  };
}
