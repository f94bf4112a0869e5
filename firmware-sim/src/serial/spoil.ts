import type { Random } from '@pier/shared/core';
import type { SerialFault } from '@pier/shared/hardware';

const slowMs = 2_000;

/** What a faulty line or part makes of an answer, and how late it comes. Pure but for chance, which is given. */
export function spoil(answer: Uint8Array, fault: SerialFault, random: Random): { readonly bytes: Uint8Array; readonly delayMs: number } {
  const spoiled = Uint8Array.from(answer);
  switch (fault) {
    case 'crc':
      // The check sum is what a frame ends with.
      spoiled[spoiled.length - 1] = (spoiled.at(-1) ?? 0) ^ 0xff;
      return { bytes: spoiled, delayMs: 0 };
    case 'noise': {
      const first = Math.floor(random() * spoiled.length);
      for (const [at, byte] of answer.entries()) if (at === first || random() < 0.25) spoiled[at] = byte ^ (1 << Math.floor(random() * 8));
      return { bytes: spoiled, delayMs: 0 };
    }
    case 'silent':
      return { bytes: new Uint8Array(), delayMs: 0 };
    case 'partial':
      return { bytes: spoiled.subarray(0, Math.floor(spoiled.length / 2)), delayMs: 0 };
    case 'slow':
      return { bytes: spoiled, delayMs: slowMs };
    case 'none':
      return { bytes: spoiled, delayMs: 0 };
  }
}
