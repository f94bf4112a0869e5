import { mediaTypes } from '@pier/shared/oci';
import { type Answer, failed, json } from './answer.ts';
import { badDigest, digestIn } from './blob-requests.ts';
import type { Store } from './store.ts';

type Listing = { readonly query: URLSearchParams; readonly pageMax: number };

/** distribution-spec, "Listing tags": in the order of their bytes, `n` at a time after `last`. */
export async function listTags(store: Store, repository: string, listing: Listing): Promise<Answer> {
  const all = await store.tags(repository);
  if (!all) return failed('NAME_UNKNOWN', `there is no repository ${repository}`);
  const page = pageOf(all, listing);
  if (!page) return failed('UNSUPPORTED', '"n" is a whole number from 0 on', { status: 400 });
  return json({ name: repository, tags: page.shown }, { headers: nextLink(`/v2/${repository}/tags/list`, page, listing) });
}

/** Not in the OCI specification, but what people's tools list a registry with. */
export async function listRepositories(store: Store, listing: Listing): Promise<Answer> {
  const page = pageOf(await store.repositories(), listing);
  if (!page) return failed('UNSUPPORTED', '"n" is a whole number from 0 on', { status: 400 });
  return json({ repositories: page.shown }, { headers: nextLink('/v2/_catalog', page, listing) });
}

/** distribution-spec, "Listing Referrers": always a list, also for a subject that is not there. */
export async function listReferrers(store: Store, { repository, reference }: { repository: string; reference: string }, listing: Listing): Promise<Answer> {
  const subject = digestIn(reference);
  if (subject === undefined) return badDigest(reference);
  const type = listing.query.get('artifactType');
  const all = (await store.referrers(repository, subject)).filter((descriptor) => type === null || descriptor.artifactType === type);
  const page = pageOf(all.map((descriptor) => descriptor.digest), listing);
  const shown = new Set<string>(page?.shown ?? []);
  return json(
    { schemaVersion: 2, mediaType: mediaTypes.index, manifests: all.filter((descriptor) => shown.has(descriptor.digest)) },
    { headers: { 'content-type': mediaTypes.index, ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }), ...(page ? nextLink(`/v2/${repository}/referrers/${subject}`, page, listing) : {}) } },
  );
}

type Page = { readonly shown: readonly string[]; readonly count: number; readonly more: boolean };

/** Undefined when `n` is no count. */
export function pageOf(sorted: readonly string[], { query, pageMax }: Listing): Page | undefined {
  const asked = query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) return undefined;
  const count = Math.min(asked === null ? pageMax : Number(asked), pageMax);
  const last = query.get('last');
  const rest = last === null ? sorted : sorted.filter((name) => name > last);
  return { shown: rest.slice(0, count), count, more: count > 0 && rest.length > count };
}

function nextLink(path: string, { shown, count, more }: Page, { query }: Listing): Record<string, string> {
  const last = shown.at(-1);
  if (!more || last === undefined) return {};
  const next = new URLSearchParams(query);
  next.set('n', String(count));
  next.set('last', last);
  return { link: `<${path}?${next.toString()}>; rel="next"` };
}
