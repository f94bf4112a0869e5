/** Which rows are chosen: some of them by id, or all that match but for some. */
export type Choice =
  | { readonly kind: 'some'; readonly ids: ReadonlySet<string>; /** Where a range starts. */ readonly anchor: string | undefined }
  | { readonly kind: 'all'; readonly except: ReadonlySet<string>; readonly anchor: string | undefined };

export const nothingChosen: Choice = { kind: 'some', ids: new Set(), anchor: undefined };
export const allChosen: Choice = { kind: 'all', except: new Set(), anchor: undefined };

export function isChosen(choice: Choice, id: string): boolean {
  return choice.kind === 'all' ? !choice.except.has(id) : choice.ids.has(id);
}

export function chosenCount(choice: Choice, matched: number): number {
  return choice.kind === 'all' ? Math.max(0, matched - choice.except.size) : choice.ids.size;
}

export function toggled(choice: Choice, id: string): Choice {
  return withAll(choice, [id], !isChosen(choice, id), id);
}

/** All rows from the last one that was toggled to this one take its state. `ids`: the rows in the order in which they stand. */
export function toRange(choice: Choice, id: string, ids: readonly string[]): Choice {
  const [from, to] = [ids.indexOf(choice.anchor ?? id), ids.indexOf(id)];
  if (from < 0 || to < 0) return toggled(choice, id);
  const range = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  return withAll(choice, range, choice.anchor === undefined || isChosen(choice, choice.anchor), id);
}

/** Of these rows: all, some or none. */
export function chosenOf(choice: Choice, ids: readonly string[]): 'all' | 'some' | 'none' {
  const n = ids.filter((id) => isChosen(choice, id)).length;
  if (n === 0) return 'none';
  return n === ids.length ? 'all' : 'some';
}

export function withAll(choice: Choice, ids: readonly string[], on: boolean, anchor?: string): Choice {
  const set = new Set(choice.kind === 'all' ? choice.except : choice.ids);
  const adds = choice.kind === 'all' ? !on : on;
  for (const id of ids) {
    if (adds) set.add(id);
    else set.delete(id);
  }
  return choice.kind === 'all' ? { kind: 'all', except: set, anchor } : { kind: 'some', ids: set, anchor };
}
