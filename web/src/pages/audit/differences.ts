/** What changed between two values that a record holds, field by field; a field is named by its path. */
export type Difference = { readonly path: string; readonly kind: 'added' | 'removed' | 'changed'; readonly before: string | undefined; readonly after: string | undefined };

/** Of a record's `before` and `after`, where it has both; an absent or null side is a thing that was made, or taken away. */
export function differencesOf(detail: Readonly<Record<string, unknown>>): readonly Difference[] {
  if (!Object.hasOwn(detail, 'before') || !Object.hasOwn(detail, 'after')) return [];
  const [before, after] = [leavesOf(detail['before']), leavesOf(detail['after'])];
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) return [];
    return [{ path, kind: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed', before: was, after: is } satisfies Difference];
  });
}

/** Lists and whatever holds nothing are told whole: their order and their emptiness may be what changed. */
function leavesOf(value: unknown, path = ''): Map<string, string> {
  if (value === null || value === undefined) return new Map(path === '' ? [] : [[path, 'nothing']]);
  if (typeof value !== 'object' || Array.isArray(value)) return new Map([[path === '' ? 'value' : path, typeof value === 'string' ? value : JSON.stringify(value)]]);
  const fields = Object.entries(value);
  if (fields.length === 0 && path !== '') return new Map([[path, '{}']]);
  return new Map(fields.flatMap(([key, inner]) => [...leavesOf(inner, path === '' ? key : `${path}.${key}`)]));
}
