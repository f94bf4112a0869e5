import { Fault } from '@pier/shared/core';
import { WavePlan } from '@pier/shared/api';
import { type Selectable, type Selector, matches, parseSelector } from '@pier/shared/selector';

export type Sliced = { readonly plan: WavePlan; readonly devices: readonly string[] };

const wavesMax = 100;
/** Of the selectors of all waves together: each is held against each device that is left, on the thread that serves everybody. */
const selectorCharactersMax = 6_000;

/**
 * Which devices each wave takes, of those that no earlier wave took; a last wave of the rest is added where devices remain.
 * In: the devices in the order of their ids, so that the same plan over the same devices gives the same waves.
 * Faults: `selection-empty` naming a wave that takes none, `input-invalid` for a selector that cannot be read.
 */
export function sliceWaves(devices: readonly Selectable[], plans: readonly WavePlan[]): Sliced[] {
  const characters = plans.reduce((sum, { take }) => sum + (take.by === 'selector' ? take.selector.length : 0), 0);
  if (characters > selectorCharactersMax) throw new Fault('input-invalid', `the selectors of the waves have ${characters} characters together; at most ${selectorCharactersMax} are taken`);
  const takers = plans.map((plan, index) => ({ plan, fits: fitsOf(plan, index + 1) }));
  const waves: Sliced[] = [];
  let left = devices;
  for (const [index, { plan, fits }] of takers.entries()) {
    const taken = fits ? left.filter((one) => matches(fits, one)) : left.slice(0, countOf(plan, devices.length));
    if (taken.length === 0) throw new Fault('selection-empty', emptyWave(plan, index + 1, left.length), { wave: index + 1 });
    const gone = new Set(taken);
    left = left.filter((one) => !gone.has(one));
    waves.push({ plan, devices: taken.map((one) => one.id) });
  }
  if (left.length > 0) waves.push({ plan: WavePlan.parse({ take: { by: 'rest' } }), devices: left.map((one) => one.id) });
  if (waves.length > wavesMax) throw new Fault('input-invalid', `a rollout has at most ${wavesMax} waves, with the one that takes the rest; this one has ${waves.length}`);
  return waves;
}

function fitsOf({ take }: WavePlan, n: number): Selector | undefined {
  if (take.by !== 'selector') return undefined;
  try {
    return parseSelector(take.selector);
  } catch (thrown) {
    throw thrown instanceof Fault ? new Fault(thrown.code, `wave ${n}: ${thrown.message}`, { ...thrown.detail, wave: n }, thrown) : thrown;
  }
}

/** Far below any share that makes a difference of one device: 16.1 % of 1,000 is 161, though floating point says a little more. */
const rounding = 1e-6;

function countOf({ take }: WavePlan, total: number): number {
  if (take.by === 'count') return take.count;
  return take.by === 'percent' ? Math.max(1, Math.ceil((take.percent * total) / 100 - rounding)) : total;
}

function emptyWave({ take }: WavePlan, n: number, left: number): string {
  if (left === 0) return `wave ${n} is empty: the waves before it take every device`;
  return `wave ${n} is empty: ${take.by === 'selector' ? `its selector ${JSON.stringify(take.selector)} matches none` : 'it takes none'} of the ${left} devices that earlier waves left`;
}
