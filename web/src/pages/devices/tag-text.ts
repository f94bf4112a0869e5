/** Tags as they are typed into the dialog: `site=harbour, note="north, quay 2"` and `spare, broken`. */
import { Tags } from '@pier/shared/api';

export type TagTyped = { readonly ok: true; readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] } | { readonly ok: false; readonly says: string };

export function readTags(set: string, remove: string): TagTyped {
  const tags: Record<string, string> = {};
  for (const one of pieces(set)) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(one) ?? [];
    if (!one.includes('=')) return { ok: false, says: `"${one}" has no value; write ${one}=value.` };
    const wrong = wrongKey(key.trim());
    if (wrong !== undefined) return { ok: false, says: wrong };
    const plain = unquoted(value.trim());
    if (plain.length > valueCharsMax) return { ok: false, says: `The value of ${key.trim()} has ${plain.length} characters; at most ${valueCharsMax} are kept.` };
    tags[key.trim()] = plain;
  }
  const gone = pieces(remove);
  const bad = gone.map(wrongKey).find((wrong) => wrong !== undefined);
  if (bad !== undefined) return { ok: false, says: bad };
  const both = gone.find((key) => Object.hasOwn(tags, key));
  if (both !== undefined) return { ok: false, says: `${both} is either set or removed.` };
  return Object.keys(tags).length + gone.length === 0 ? { ok: false, says: 'Name a tag to set or to remove.' } : { ok: true, set: tags, remove: gone };
}

const valueCharsMax = 128;

/** By comma, but for those in quotes. */
function pieces(text: string): string[] {
  return [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|[^,"]|")+/g)].map(([one]) => one.trim()).filter((one) => one !== '');
}

function unquoted(value: string): string {
  return /^".*"$/s.test(value) && value.length > 1 ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value;
}

function wrongKey(key: string): string | undefined {
  return Tags.safeParse({ [key]: '' }).success ? undefined : `"${key}" cannot be the name of a tag: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit.`;
}
