import { Fault } from '@pier/shared/core';

type TurnstileLimits = { readonly atOnceMax: number; readonly waitingMax: number; readonly perAddressMax: number };

/** Runs `act` in its turn. Faults: `too-many-requests` when too many wait, in all or from this address. */
type Turnstile = <T>(address: string, act: () => Promise<T>) => Promise<T>;

/** Lets few in at once and few wait, and of those only some from one address: a stranger's flood leaves room for others. */
export function turnstile({ atOnceMax, waitingMax, perAddressMax }: TurnstileLimits): Turnstile {
  const waiting: { readonly address: string; readonly enter: () => void }[] = [];
  let inside = 0;
  return async (address, act) => {
    if (inside >= atOnceMax) {
      const fromHere = waiting.filter((one) => one.address === address).length;
      if (waiting.length >= waitingMax || fromHere >= perAddressMax) throw new Fault('too-many-requests', 'too many sign-ins wait to be checked; try again in a few seconds');
      await new Promise<void>((enter) => waiting.push({ address, enter: () => enter() }));
    } else inside += 1;
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next === undefined) inside -= 1;
      else next.enter();
    }
  };
}
