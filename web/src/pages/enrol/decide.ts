import { Fault } from '@pier/shared/core';

export type Decided<T> = { readonly done: readonly T[]; readonly failed: readonly { readonly of: T; readonly fault: Fault }[] };

/** Decides on each, one after the other: one that fails stops none of the others. */
export async function decideEach<T>(those: readonly T[], decide: (one: T) => Promise<unknown>): Promise<Decided<T>> {
  const done: T[] = [];
  const failed: { of: T; fault: Fault }[] = [];
  for (const one of those) {
    try {
      await decide(one);
      done.push(one);
    } catch (thrown) {
      failed.push({ of: one, fault: thrown instanceof Fault ? thrown : new Fault('internal', String(thrown)) });
    }
  }
  return { done, failed };
}

/** `3 of 4 approved; bench-2: …`, or `4 approved`. */
export function decidedWords({ done, failed }: Decided<{ readonly name: string }>, verb: 'approved' | 'denied'): string {
  const all = done.length + failed.length;
  if (failed.length === 0) return `${all} ${verb}: ${done.map(({ name }) => name).join(', ')}.`;
  return `${done.length} of ${all} ${verb}; ${failed.map(({ of, fault }) => `${of.name}: ${fault.message} (${fault.code})`).join('; ')}.`;
}
