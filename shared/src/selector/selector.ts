/** What a device is asked by: its own fields, by these names; everything else is a tag. */
export const fields = ['id', 'name', 'model', 'online'] as const;
export type Field = (typeof fields)[number];

export type Key = { readonly of: 'field'; readonly name: Field } | { readonly of: 'tag'; readonly name: string };

/** A selector as read; docs/selectors.md has the grammar. `and` and `or` have at least two parts. */
export type Selector =
  | { readonly kind: 'all' }
  | { readonly kind: 'equals' | 'differs'; readonly key: Key; readonly value: string }
  | { readonly kind: 'in' | 'notIn'; readonly key: Key; readonly values: readonly string[] }
  /** Tags only: every device has every field. */
  | { readonly kind: 'exists'; readonly tag: string }
  | { readonly kind: 'not'; readonly part: Selector }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Selector[] };

/** As much of a device as a selector sees. */
export type Selectable = { readonly id: string; readonly name: string; readonly model: string; readonly online: boolean; readonly tags: Readonly<Record<string, string>> };

export const keywords = ['and', 'or', 'not', 'in', 'exists', 'all'] as const;
export type Keyword = (typeof keywords)[number];

export function isField(name: string): name is Field {
  return fields.some((field) => field === name);
}

export function isKeyword(word: string): boolean {
  return keywords.some((keyword) => keyword === word.toLowerCase());
}

/** The words that need no quotes. */
export const bareWord = /^[A-Za-z0-9._:/@+-]+$/;
