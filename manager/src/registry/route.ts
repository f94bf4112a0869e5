import { isRepository } from '@pier/shared/oci';

/** A request's place, named as in the distribution-spec. Every name is checked before it comes near a path on disk. */
export type Route =
  | { readonly at: 'ping' | 'catalog' | 'unknown' | 'name-invalid' }
  | { readonly at: 'uploads' | 'tags'; readonly repository: string }
  | { readonly at: 'upload' | 'blob' | 'manifest' | 'referrers'; readonly repository: string; readonly reference: string };

const places = [
  { at: 'uploads', pattern: /^\/v2\/(.+)\/blobs\/uploads\/?$/ },
  { at: 'upload', pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/ },
  { at: 'blob', pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/ },
  { at: 'manifest', pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/ },
  { at: 'referrers', pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/ },
  { at: 'tags', pattern: /^\/v2\/(.+)\/tags\/list$/ },
] as const;

export function routeOf(target: string): { readonly route: Route; readonly query: URLSearchParams } {
  const cut = target.indexOf('?');
  const query = new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1));
  const path = decoded(cut < 0 ? target : target.slice(0, cut));
  return { route: path === undefined ? { at: 'name-invalid' } : placeOf(path), query };
}

function placeOf(path: string): Route {
  if (path === '/v2/' || path === '/v2') return { at: 'ping' };
  if (path === '/v2/_catalog') return { at: 'catalog' };
  for (const { at, pattern } of places) {
    const [, repository = '', reference = ''] = pattern.exec(path) ?? [];
    if (repository === '') continue;
    if (!isRepository(repository)) return { at: 'name-invalid' };
    return at === 'uploads' || at === 'tags' ? { at, repository } : { at, repository, reference };
  }
  return { at: 'unknown' };
}

/** Once only: what is still escaped afterwards is no name. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // A broken escape has no meaning.
    return undefined;
  }
}
