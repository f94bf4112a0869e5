import type { SerialSettings } from '@pier/shared/hardware';
import { Bucket } from '../bucket.ts';
import { type SerialCell, firstSettings, openSerialCell, packSettings, reason, serialWord } from '../serial-cell.ts';
import type { ThreadMessage, ThreadSerial } from '../thread.ts';
import { Handles } from './handles.ts';
import { HostFailure } from './host-app.ts';
import type { Pollables } from './host-poll.ts';
import type { GuestMemory } from './memory.ts';

const parities = ['none', 'even', 'odd'] as const;
const interest = { read: 1, write: 2, status: 4, all: 7 } as const;
/** A guest that waits until it can write is woken for so many bytes, not for each. */
const writeBytesMin = 64;

type Slot = {
  readonly port: ThreadSerial;
  readonly cell: SerialCell;
  readonly writes: Bucket;
  handle: number | undefined;
  /** The change of status that the guest knows of. */
  statusSeen: number;
  rxDropSeen: number;
  /** Where the guest's last flush was, until the agent has come past it. */
  flushAt: number | undefined;
};

export type SerialDeps = {
  readonly memory: GuestMemory;
  readonly ports: readonly ThreadSerial[];
  readonly pollables: Pollables;
  readonly monotonicNs: () => bigint;
  readonly send: (message: ThreadMessage) => void;
};

/** `pier_serial`: granted ports by label. Nothing here waits: bytes lie in rings that the agent's thread fills and empties. */
export class Serial {
  readonly #deps: SerialDeps;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #handles = new Handles<Slot>('handle');

  constructor(deps: SerialDeps) {
    this.#deps = deps;
    this.#slots = new Map(deps.ports.map((port) => [port.label, slotOf(port, deps)]));
  }

  /** What arrived before is none of the guest's bytes. */
  open(pointer: number, length: number): number {
    const label = this.#deps.memory.label(pointer, length);
    const slot = label === undefined ? undefined : this.#slots.get(label);
    if (!slot) throw new HostFailure('undefined-label', label === undefined ? `a label of ${length >>> 0} bytes is none` : `"${label}" is not among the granted ports`);
    if (slot.handle !== undefined) throw new HostFailure('already-in-use', `"${label}" is open as handle ${slot.handle}`);
    refuseRevoked(slot);
    slot.cell.rx.skipTo(slot.cell.rx.written);
    Atomics.store(slot.cell.words, serialWord.rxLost, 0);
    slot.statusSeen = statusOf(slot);
    this.#ask(slot, firstSettings(slot.port.ask));
    slot.handle = this.#handles.add(slot);
    return slot.handle;
  }

  /** `settings` are baud, data bits, parity and stop bits, as the ABI orders them. */
  configure(handle: number, settings: readonly number[]): number {
    const slot = this.#slot(handle);
    const [baud = 0, dataBits = 0, parity = 0, stopBits = 0] = settings;
    if (baud <= 0 || dataBits < 5 || dataBits > 9 || parities[parity] === undefined || stopBits < 1 || stopBits > 2) {
      throw new HostFailure('bad-argument', `${baud} baud, ${dataBits} data bits, parity ${parity} and ${stopBits} stop bits are no setting of a serial port`);
    }
    const { ask, label } = slot.port;
    const wanted = {
      baud: ask.baud.find((one) => one === baud),
      dataBits: ask.dataBits.find((one) => one === dataBits),
      parity: ask.parity.find((one) => one === parities[parity]),
      stopBits: ask.stopBits.find((one) => one === stopBits),
    };
    if (!isWhole(wanted)) throw new HostFailure('mode-not-allowed', `the ask of "${label}" does not list ${baud} baud with ${dataBits} data bits, parity ${parities[parity]} and ${stopBits} stop bits`);
    this.#ask(slot, wanted);
    return 0;
  }

  read(handle: number, pointer: number, capacity: number): number {
    const slot = this.#slot(handle);
    const into = this.#deps.memory.bytes(pointer, capacity);
    dropFlushed(slot);
    const count = slot.cell.rx.peek(into);
    slot.cell.rx.skip(count);
    if (count > 0 || into.byteLength === 0) return count;
    refuseDisconnected(slot);
    throw new HostFailure('would-block', `nothing has arrived at "${slot.port.label}"`);
  }

  write(handle: number, pointer: number, length: number): number {
    const slot = this.#slot(handle);
    const bytes = this.#deps.memory.bytes(pointer, length);
    refuseDisconnected(slot);
    if (bytes.byteLength === 0) return 0;
    const room = isConfiguring(slot) ? 0 : Math.min(bytes.byteLength, slot.cell.tx.room);
    const count = slot.cell.tx.write(bytes.subarray(0, slot.writes.take(room)));
    if (count === 0) throw new HostFailure('would-block', `"${slot.port.label}" takes no bytes at the moment; at most ${slot.port.ask.maxBytesPerS} a second`);
    this.#ring(slot, serialWord.bell);
    return count;
  }

  pending(handle: number): number {
    const slot = this.#slot(handle);
    const { tx } = slot.cell;
    const flushed = slot.flushAt === undefined ? 0 : (slot.flushAt - tx.read) | 0;
    if (flushed > 0) return (tx.written - tx.read - flushed) | 0;
    slot.flushAt = undefined;
    return tx.size;
  }

  flush(handle: number): number {
    const slot = this.#slot(handle);
    const { words, rx, tx } = slot.cell;
    rx.skipTo(rx.written);
    slot.flushAt = tx.written;
    Atomics.store(words, serialWord.flushAt, tx.written);
    Atomics.add(words, serialWord.flushes, 1);
    this.#ring(slot, serialWord.flushBell);
    return 0;
  }

  lost(handle: number): number {
    // A count, never an error code.
    return Atomics.exchange(this.#slot(handle).cell.words, serialWord.rxLost, 0) & 0x7fff_ffff;
  }

  status(handle: number): number {
    const slot = this.#slot(handle);
    slot.statusSeen = statusOf(slot);
    return slot.statusSeen & 1;
  }

  subscribe(handle: number, wanted: number): number {
    const slot = this.#slot(handle);
    if (wanted < 1 || wanted > interest.all) throw new HostFailure('bad-argument', `interest is ${wanted}; expected a sum of 1, 2 and 4`);
    const isMine = (): boolean => slot.handle === handle;
    const isReady = (): boolean =>
      ((wanted & interest.read) !== 0 && isReadable(slot)) || ((wanted & interest.write) !== 0 && isWritable(slot)) || ((wanted & interest.status) !== 0 && statusOf(slot) !== slot.statusSeen);
    return this.#deps.pollables.add({
      isReady: () => !isMine() || isReady(),
      inNs: () => ((wanted & interest.write) !== 0 && hasRoom(slot) ? slot.writes.inNs(writeBytes(slot)) : undefined),
    });
  }

  close(handle: number): number {
    this.#handles.remove(handle).handle = undefined;
    return 0;
  }

  #slot(handle: number): Slot {
    const slot = this.#handles.get(handle);
    refuseRevoked(slot);
    return slot;
  }

  #ask(slot: Slot, settings: SerialSettings): void {
    Atomics.store(slot.cell.words, serialWord.asked, packSettings(settings));
    if (isConfiguring(slot)) this.#ring(slot, serialWord.bell);
  }

  /** One message until the agent has come, however often the guest rings. */
  #ring({ cell, port }: Slot, bell: number): void {
    if (Atomics.exchange(cell.words, bell, 1) === 0) this.#deps.send({ kind: 'serial', label: port.label });
  }
}

export function serialFunctions(serial: Serial) {
  return {
    open: (pointer: number, length: number) => serial.open(pointer, length),
    configure: (handle: number, ...settings: readonly number[]) => serial.configure(handle, settings),
    read: (handle: number, pointer: number, capacity: number) => serial.read(handle, pointer, capacity),
    write: (handle: number, pointer: number, length: number) => serial.write(handle, pointer, length),
    pending: (handle: number) => serial.pending(handle),
    flush: (handle: number) => serial.flush(handle),
    lost: (handle: number) => serial.lost(handle),
    status: (handle: number) => serial.status(handle),
    subscribe: (handle: number, wanted: number) => serial.subscribe(handle, wanted),
    close: (handle: number) => serial.close(handle),
  };
}

function slotOf(port: ThreadSerial, { monotonicNs }: SerialDeps): Slot {
  return { port, cell: openSerialCell(port.shared), writes: new Bucket(port.ask.maxBytesPerS, monotonicNs), handle: undefined, statusSeen: 1, rxDropSeen: 0, flushAt: undefined };
}

function statusOf({ cell }: Slot): number {
  return Atomics.load(cell.words, serialWord.status);
}

function isConfiguring({ cell }: Slot): boolean {
  return Atomics.load(cell.words, serialWord.asked) !== Atomics.load(cell.words, serialWord.applied);
}

/** A disconnected port is readable and writable: the next call says so. */
function isReadable(slot: Slot): boolean {
  dropFlushed(slot);
  return slot.cell.rx.size > 0 || (statusOf(slot) & 1) === 1;
}

function isWritable(slot: Slot): boolean {
  return (statusOf(slot) & 1) === 1 || (hasRoom(slot) && slot.writes.inNs(writeBytes(slot)) === 0n);
}

function hasRoom(slot: Slot): boolean {
  return !isConfiguring(slot) && slot.cell.tx.room >= writeBytesMin;
}

function writeBytes({ port }: Slot): number {
  return Math.min(writeBytesMin, port.ask.maxBytesPerS);
}

/** What came in between the guest's flush and the port's. */
function dropFlushed(slot: Slot): void {
  const place = Atomics.load(slot.cell.words, serialWord.rxDropTo);
  if (place !== slot.rxDropSeen) slot.cell.rx.skipTo(place);
  slot.rxDropSeen = place;
}

function refuseDisconnected(slot: Slot): void {
  if ((statusOf(slot) & 1) === 0) return;
  const isFailed = Atomics.load(slot.cell.words, serialWord.reason) === reason.failed;
  throw new HostFailure('disconnected', `"${slot.port.label}" is disconnected: ${isFailed ? 'the port failed, and is tried again' : 'no port is there'}`);
}

function refuseRevoked({ cell, port }: Slot): void {
  if (Atomics.load(cell.words, serialWord.reason) === reason.revoked) throw new HostFailure('revoked', `the right to "${port.label}" was withdrawn`);
}

function isWhole(wanted: { readonly [K in keyof SerialSettings]: SerialSettings[K] | undefined }): wanted is SerialSettings {
  return Object.values(wanted).every((value) => value !== undefined);
}
