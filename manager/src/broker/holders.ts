/**
 * Two boards with one identity, such as a copied card. Each would end the other's connection for ever, and the fleet would see
 * one device that does everything twice. A device's order (generation, boot, seq) only ever rises, and each CONNECT says where
 * it stands, in its will: one that comes with less than was seen before is another holder. A card that was put back from a copy
 * does that once; several times in a short while, there are two. Then whoever is connected stays, and the other is told no.
 * Where one of the two has renewed the certificate meanwhile, the other is told no for its key, and coming at all is the sign.
 */
import * as z from 'zod';
import { type Clock, parseJson } from '@pier/shared/core';
import { type Order, compareOrder } from '@pier/shared/wire';

/** The key that one holder came with, and the one that came after it. */
export type Keys = { readonly givenUp: string; readonly inForce: string | undefined };
export type Conflict = { readonly device: string; readonly state: 'began' | 'over'; readonly addresses: readonly string[]; /** Absent where both come with one key. */ readonly keys?: Keys };

type Newcomer = { readonly name: string; readonly will: Uint8Array | string | undefined; readonly address: string; /** Somebody else of this name is connected. */ readonly isHeld: boolean };

export type Holders = {
  /** Why a device is not let in now; undefined for one that may take the place of who is there. */
  refusal(newcomer: Newcomer): string | undefined;
  /** Somebody came with a key that was given up, and is refused for it: who has the newer one is not. */
  noteCopy(copy: { readonly name: string; readonly addresses: readonly string[]; readonly keys: Keys }): void;
  /** Its identity was ended: nobody holds it any more. */
  forget(name: string): void;
  /** What is long over is let go. */
  sweep(): void;
};

export const holderLimits = {
  /** So many steps back within the window are two holders. */
  stepsBack: 3,
  windowMs: 10 * 60_000,
  /** Without a sign of the other one it is over; who is refused knocks every five minutes and a half at the least. */
  quietMs: 12 * 60_000,
} as const;

const Stated = z.object({ gen: z.int().min(0), boot: z.int().min(0), seq: z.int().min(0) });

type Seen = { highest: Order | undefined; stepsBackMs: number[]; addresses: Set<string>; lastMs: number; conflictMs: number | undefined; /** Both come with a key that is taken: who is connected stays. */ isQuarrel: boolean; keys: Keys | undefined };

export function watchHolders({ clock, onConflict }: { clock: Clock; onConflict: ((conflict: Conflict) => void) | undefined }): Holders {
  const byName = new Map<string, Seen>();
  const tell = (name: string, { addresses, keys }: Seen, state: Conflict['state']): void => onConflict?.({ device: name, state, addresses: [...addresses], ...(keys && { keys }) });
  const seenOf = (name: string, nowMs: number): Seen => {
    const seen = byName.get(name) ?? { highest: undefined, stepsBackMs: [], addresses: new Set<string>(), lastMs: nowMs, conflictMs: undefined, isQuarrel: false, keys: undefined };
    byName.set(name, seen);
    return seen;
  };
  /** A sign that there are two: the first one is told of, each puts off the end. */
  const sign = (name: string, seen: Seen, nowMs: number): void => {
    const isFirst = seen.conflictMs === undefined;
    seen.conflictMs = nowMs;
    if (isFirst) tell(name, seen, 'began');
  };
  return {
    refusal({ name, will, address, isHeld }) {
      const nowMs = clock.monotonicMs();
      const seen = seenOf(name, nowMs);
      note(seen, { order: orderIn(will), address, nowMs });
      if (!seen.isQuarrel && seen.stepsBackMs.length >= holderLimits.stepsBack) {
        seen.isQuarrel = true;
        sign(name, seen, nowMs);
      }
      if (!seen.isQuarrel || !isHeld) return undefined;
      sign(name, seen, nowMs);
      return `two boards hold the identity of ${name}; the one that is connected stays`;
    },
    noteCopy({ name, addresses, keys }) {
      const nowMs = clock.monotonicMs();
      const seen = seenOf(name, nowMs);
      for (const address of addresses) if (seen.addresses.size < addressesMax) seen.addresses.add(address);
      Object.assign(seen, { lastMs: nowMs, keys });
      sign(name, seen, nowMs);
    },
    forget(name) {
      const seen = byName.get(name);
      byName.delete(name);
      if (seen?.conflictMs !== undefined) tell(name, seen, 'over');
    },
    sweep() {
      const nowMs = clock.monotonicMs();
      for (const [name, seen] of byName) {
        if (seen.conflictMs !== undefined && nowMs - seen.conflictMs > holderLimits.quietMs) {
          Object.assign(seen, { conflictMs: undefined, stepsBackMs: [], isQuarrel: false });
          tell(name, seen, 'over');
          seen.keys = undefined;
          seen.addresses.clear();
        }
        if (seen.conflictMs === undefined && nowMs - seen.lastMs > holderLimits.windowMs) byName.delete(name);
      }
    },
  };
}

const addressesMax = 8;

function note(seen: Seen, { order, address, nowMs }: { order: Order | undefined; address: string; nowMs: number }): void {
  seen.lastMs = nowMs;
  if (seen.addresses.size < addressesMax) seen.addresses.add(address);
  seen.stepsBackMs = seen.stepsBackMs.filter((atMs) => nowMs - atMs <= holderLimits.windowMs);
  if (order === undefined) return;
  if (seen.highest !== undefined && compareOrder(order, seen.highest) <= 0) {
    seen.stepsBackMs.push(nowMs);
    // A sign of the other one, also where nobody had to be refused for it.
    if (seen.conflictMs !== undefined) seen.conflictMs = nowMs;
  } else seen.highest = order;
}

/** Other clients than our agent leave no order, and say nothing about holders. */
function orderIn(will: Uint8Array | string | undefined): Order | undefined {
  if (will === undefined) return undefined;
  try {
    return Stated.safeParse(parseJson(typeof will === 'string' ? Buffer.from(will) : will)).data;
  } catch {
    // What is no JSON states nothing.
    return undefined;
  }
}
