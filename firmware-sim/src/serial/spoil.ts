import type { Random } from '@pier/shared/core';
import type { SerialFault } from '@pier/shared/hardware';

type Spoiled = { readonly bytes: Uint8Array; readonly delayMs: number };

const slowMs = 2_000;

const spoilers: Readonly<Record<SerialFault, (answer: Uint8Array, random: Random) => Spoiled>> = {
  // The check sum is what a frame ends with.
  crc: (answer) => ({ bytes: answer.map((byte, at) => (at === answer.length - 1 ? byte ^ 0xff : byte)), delayMs: 0 }),
  noise: (answer, random) => {
    const first = Math.floor(random() * answer.length);
    return { bytes: answer.map((byte, at) => (at === first || random() < 0.25 ? byte ^ (1 << Math.floor(random() * 8)) : byte)), delayMs: 0 };
  },
  silent: () => ({ bytes: new Uint8Array(), delayMs: 0 }),
  partial: (answer) => ({ bytes: answer.slice(0, Math.floor(answer.length / 2)), delayMs: 0 }),
  slow: (answer) => ({ bytes: answer.slice(), delayMs: slowMs }),
  none: (answer) => ({ bytes: answer.slice(), delayMs: 0 }),
};

/** What a faulty line or part makes of an answer, and how late it comes. Pure but for chance, which is given. */
export function spoil(answer: Uint8Array, fault: SerialFault, random: Random): Spoiled {
  return spoilers[fault](answer, random);
}
