import { type Clock, type DeviceId, isoTime } from '@pier/shared/core';
import { type Pins, compareOrder, topics } from '@pier/shared/wire';
import type { AnswerOf } from '@pier/shared/api';
import type { Publish } from './publisher.ts';

const watchedMax = 256;
const leaseS = 15;
const renewMs = 5_000;

type Watched = { leasedAtMs: number; snapshot?: { atMs: number; pins: Pins } };
export type PinView = AnswerOf<'getPins'>;

/**
 * The last levels of the devices that somebody looks at, in memory only. Looking renews a short lease under which a device
 * sends its pins; a device that nobody looks at is not listened to.
 */
export class PinWatch {
  readonly #clock: Clock;
  readonly #publish: Publish;
  readonly #watched = new Map<string, Watched>();

  constructor({ clock, publish }: { clock: Clock; publish: Publish }) {
    this.#clock = clock;
    this.#publish = publish;
  }

  get size(): number {
    return this.#watched.size;
  }

  async look(device: DeviceId): Promise<PinView> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#watched.get(device);
    const one: Watched = known ?? { leasedAtMs: Number.NEGATIVE_INFINITY };
    // Looked at last goes to the end: the first of the map is the one to let go of.
    this.#watched.delete(device);
    this.#watched.set(device, one);
    if (this.#watched.size > watchedMax) this.#watched.delete(this.#watched.keys().next().value ?? '');
    if (nowMs - one.leasedAtMs >= renewMs) {
      one.leasedAtMs = nowMs;
      await this.#publish(topics.pinsLease.of({ device }), JSON.stringify({ for: leaseS }), { qos: 0 });
    }
    return { at: one.snapshot ? isoTime(one.snapshot.atMs) : null, lines: one.snapshot?.pins.lines ?? [] };
  }

  take(device: DeviceId, pins: Pins): void {
    const one = this.#watched.get(device);
    if (!one || (one.snapshot && compareOrder(pins, one.snapshot.pins) <= 0)) return;
    one.snapshot = { atMs: this.#clock.nowMs(), pins };
  }
}
