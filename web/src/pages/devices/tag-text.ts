/** What the dialog of tags sets and removes. */
import { readTagNames, readTags } from '../../words/index.ts';

export type TagChange = { readonly ok: true; readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] } | { readonly ok: false; readonly says: string };

export function readTagChange(set: string, remove: string): TagChange {
  const typed = readTags(set);
  if (!typed.ok) return typed;
  const gone = readTagNames(remove);
  if (!gone.ok) return gone;
  const both = gone.names.find((key) => Object.hasOwn(typed.tags, key));
  if (both !== undefined) return { ok: false, says: `${both} is either set or removed.` };
  return Object.keys(typed.tags).length + gone.names.length === 0 ? { ok: false, says: 'Name a tag to set or to remove.' } : { ok: true, set: typed.tags, remove: gone.names };
}
