import { type Clock, Fault } from '@pier/shared/core';
import type { BoardFile } from '@pier/shared/hardware';
import { bytesTimeNs } from './line.ts';
import { Meter } from './meter.ts';
import { answerTo, silenceMs } from './modbus.ts';

export type SerialPart = Extract<BoardFile['parts'][number], { port: string }>;
export type Counters = { bytesIn: number; bytesOut: number; frames: number; crcErrors: number; answers: number };

/** What sits on a port. */
export interface Behaviour {
  /** Its own line speed; undefined when it takes over that of whoever talks. */
  readonly baud: number | undefined;
  hear(bytes: Uint8Array): void;
  /** Forgets what it heard of an unfinished frame. */
  reset(): void;
  values(): Readonly<Record<string, number>>;
  /** Faults: `input-invalid`. */
  set(values: Readonly<Record<string, number>>): void;
}

/** A part of a board file, ready to talk through `answer`. */
export function behaviourOf(part: SerialPart, { clock, counters, answer }: { clock: Clock; counters: Counters; answer: (bytes: Uint8Array) => void }): Behaviour {
  if (part.part === 'modbus-meter') return new ModbusSlave({ part, clock, counters, answer });
  return {
    baud: undefined,
    hear: answer,
    reset: () => {},
    values: () => ({}),
    set: () => {
      throw new Fault('input-invalid', `"${part.name}" is a ${part.part}, which has no values to set`);
    },
  };
}

/** Longest frame of Modbus RTU; what is longer is none. */
const frameBytesMax = 256;
/** A pseudo-terminal takes a flood at once; no more of its time on the line than this is held against whoever talks next. */
const backlogMaxNs = 1_000_000_000n;

/** Gathers bytes until the line is silent for long enough, then takes them for a frame. */
class ModbusSlave implements Behaviour {
  readonly baud: number;
  readonly #meter: Meter;
  readonly #unit: number;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #answer: (bytes: Uint8Array) => void;
  #heard: Buffer = Buffer.alloc(0);
  /** When the last byte heard has passed the line, which a pseudo-terminal itself does at once. */
  #freeNs = 0n;
  #silence: Disposable | undefined;

  constructor({ part, clock, counters, answer }: { part: Extract<SerialPart, { part: 'modbus-meter' }>; clock: Clock; counters: Counters; answer: (bytes: Uint8Array) => void }) {
    this.baud = part.baud;
    this.#unit = part.unit;
    this.#meter = new Meter(part, clock);
    this.#clock = clock;
    this.#counters = counters;
    this.#answer = answer;
  }

  hear(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    const nowNs = this.#clock.monotonicNs();
    const freeNs = (this.#freeNs > nowNs ? this.#freeNs : nowNs) + bytesTimeNs(bytes.byteLength, this.baud);
    this.#freeNs = freeNs < nowNs + backlogMaxNs ? freeNs : nowNs + backlogMaxNs;
    // One byte beyond the limit is kept, to know that it was exceeded.
    this.#heard = Buffer.concat([this.#heard, bytes]).subarray(0, frameBytesMax + 1);
    this.#silence?.[Symbol.dispose]();
    this.#silence = this.#clock.after(Math.ceil(Number(this.#freeNs - nowNs) / 1e6 + silenceMs(this.baud)), () => this.#take());
  }

  reset(): void {
    this.#silence?.[Symbol.dispose]();
    this.#silence = undefined;
    this.#heard = Buffer.alloc(0);
    this.#freeNs = 0n;
  }

  values(): Readonly<Record<string, number>> {
    return this.#meter.values();
  }

  set(values: Readonly<Record<string, number>>): void {
    this.#meter.set(values);
  }

  #take(): void {
    const frame = this.#heard;
    this.reset();
    this.#counters.frames += 1;
    const heard = frame.byteLength > frameBytesMax ? ({ kind: 'crc' } as const) : answerTo(frame, { unit: this.#unit, registers: this.#meter.registers });
    if (heard.kind === 'crc') this.#counters.crcErrors += 1;
    if (heard.kind === 'answer') this.#answer(heard.frame);
  }
}
