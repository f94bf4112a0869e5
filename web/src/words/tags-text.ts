/** Tags as people type them, the same wherever they do: `site=harbour role=pump, note="north, quay 2"`. */
import { Tags } from '@pier/shared/api';

export type TagsTyped = { readonly ok: true; readonly tags: Readonly<Record<string, string>> } | { readonly ok: false; readonly says: string };

const tagsMax = 64;
const valueCharsMax = 128;

/** Tags parted by blanks or commas. A value that holds a blank, a comma or "=" wants quotes: without them it is more likely a slip. */
export function readTags(text: string): TagsTyped {
  const tags = new Map<string, string>();
  for (const piece of pieces(text)) {
    const read = readTag(piece);
    if (!read.ok) return read;
    if (tags.has(read.key)) return { ok: false, says: `"${read.key}" stands there twice.` };
    tags.set(read.key, read.value);
  }
  return tags.size > tagsMax ? { ok: false, says: `At most ${tagsMax} tags.` } : { ok: true, tags: Object.fromEntries(tags) };
}

/** Names of tags, parted alike. */
export function readTagNames(text: string): { readonly ok: true; readonly names: readonly string[] } | { readonly ok: false; readonly says: string } {
  const names = [...new Set(pieces(text))];
  const says = names.map(wrongKey).find((wrong) => wrong !== undefined);
  return says === undefined ? { ok: true, names } : { ok: false, says };
}

function readTag(piece: string): { readonly ok: true; readonly key: string; readonly value: string } | { readonly ok: false; readonly says: string } {
  const [, key = '', typed] = /^([^=]*?)\s*=\s*(.*)$/s.exec(piece) ?? [];
  if (typed === undefined) return { ok: false, says: `"${piece}" has no value: write ${piece}=value, or put a value that holds a blank or a comma in quotes.` };
  const wrong = wrongKey(key.trim());
  if (wrong !== undefined) return { ok: false, says: wrong };
  const quoted = typed.length > 1 && /^".*"$/s.test(typed);
  if (!quoted && typed.includes('=')) return { ok: false, says: `The value of ${key.trim()} holds "=": if that is meant, write ${key.trim()}="${typed}"; if not, part the two by a blank or a comma.` };
  const value = quoted ? typed.slice(1, -1).replace(/\\(["\\])/g, '$1') : typed;
  if (value.length > valueCharsMax) return { ok: false, says: `The value of ${key.trim()} has ${value.length} characters; at most ${valueCharsMax} are kept.` };
  return { ok: true, key: key.trim(), value };
}

/** By blank or comma, but for those in quotes; `role = pump` is one. */
function pieces(text: string): string[] {
  return [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|\s+=\s*|[^\s,"]|")+/g)].map(([one]) => one.trim());
}

function wrongKey(key: string): string | undefined {
  return Tags.safeParse({ [key]: '' }).success ? undefined : `"${key}" cannot be the name of a tag: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.`;
}
