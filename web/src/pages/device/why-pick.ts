import type { Why } from '@pier/shared/api';
import { families, whyLook } from '../../words/index.ts';

/** What needs a person first: from the end of the order of bars, but what runs as wanted last of all. */
export function neediest(items: readonly Why[]): Why | undefined {
  const need = ({ updated, code }: Why): number => (updated ? -1 : families.indexOf(whyLook(code).family));
  return items.toSorted((a, b) => need(b) - need(a))[0];
}

export function titleOf({ app, updated, wanted, running }: Why): string {
  if (updated) return `${app} ${running ?? ''} runs, as wanted`;
  if (wanted === null) return running === null ? `Nothing is wanted of ${app}` : `${app} ${running} runs, nothing is wanted of it`;
  return `Why not updated to ${app} ${wanted}`;
}
