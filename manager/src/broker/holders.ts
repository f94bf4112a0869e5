/**
 * Two boards with one identity, such as a copied card. Each would end the other's connection for ever, and the fleet would see
 * one device that does everything twice. A device's order (generation, boot, seq) only ever rises, and each CONNECT says where
 * it stands, in its will: one that comes with less than was seen before is another holder. A card that was put back from a copy
 * does that once; several times in a short while, there are two. Then whoever is connected stays, and the other is told no.
 */
import * as z from 'zod';
import { type Clock, parseJson } from '@pier/shared/core';
import { type Order, compareOrder } from '@pier/shared/wire';

export type Conflict = { readonly device: string; readonly state: 'began' | 'over'; readonly addresses: readonly string[] };

type Newcomer = { readonly name: string; readonly will: Uint8Array | string | undefined; readonly address: string; /** Somebody else of this name is connected. */ readonly isHeld: boolean };

export type Holders = {
  /** Why a device is not let in now; undefined for one that may take the place of who is there. */
  refusal(newcomer: Newcomer): string | undefined;
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

type Seen = { highest: Order | undefined; stepsBackMs: number[]; addresses: Set<string>; lastMs: number; conflictMs: number | undefined };

export function watchHolders({ clock, onConflict }: { clock: Clock; onConflict: ((conflict: Conflict) => void) | undefined }): Holders {
  const byName = new Map<string, Seen>();
  const tell = (name: string, { addresses }: Seen, state: Conflict['state']): void => onConflict?.({ device: name, state, addresses: [...addresses] });
  return {
    refusal({ name, will, address, isHeld }) {
      const nowMs = clock.monotonicMs();
      const seen = byName.get(name) ?? { highest: undefined, stepsBackMs: [], addresses: new Set<string>(), lastMs: nowMs, conflictMs: undefined };
      byName.set(name, seen);
      note(seen, { order: orderIn(will), address, nowMs });
      if (seen.conflictMs === undefined && seen.stepsBackMs.length >= holderLimits.stepsBack) {
        seen.conflictMs = nowMs;
        tell(name, seen, 'began');
      }
      if (seen.conflictMs === undefined || !isHeld) return undefined;
      seen.conflictMs = nowMs;
      return `two boards hold the identity of ${name}; the one that is connected stays`;
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
          Object.assign(seen, { conflictMs: undefined, stepsBackMs: [] });
          tell(name, seen, 'over');
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
