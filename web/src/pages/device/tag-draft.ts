export type TagDraft = { readonly key: string; readonly value: string };

/** Only what differs is sent: two people can each change one tag. */
export function tagChange(was: Readonly<Record<string, string>>, drafts: readonly TagDraft[]): { setTags: Record<string, string>; removeTags: string[] } {
  const now = new Map(drafts.filter(({ key }) => key.trim() !== '').map(({ key, value }) => [key.trim(), value.trim()]));
  return {
    setTags: Object.fromEntries([...now].filter(([key, value]) => was[key] !== value)),
    removeTags: Object.keys(was).filter((key) => !now.has(key)),
  };
}
