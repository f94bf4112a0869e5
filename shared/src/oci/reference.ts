import { Digest, Fault } from '../core/index.ts';

/** Where an artifact is: without `host` it is in the registry of the manager that the device enrolled with. */
export type Reference = { readonly host?: string; readonly repository: string; readonly tag?: string; readonly digest?: Digest };

const repositoryName = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagName = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]{2,39}\])(?::[1-9][0-9]{0,4})?$/;
const nameCharactersMax = 255;

export function isRepository(text: string): boolean {
  return text.length <= nameCharactersMax && repositoryName.test(text);
}

export function isTag(text: string): boolean {
  return tagName.test(text);
}

/**
 * Reads `[host[:port]/]repository[:tag][@digest]` (OCI distribution-spec 1.1, "Pulling manifests"). A first part with "." or
 * ":", or `localhost`, is a host; without one the manager's registry is meant. Faults: `input-invalid`.
 */
export function parseReference(text: string): Reference {
  const { rest: named, suffix: digestText } = cut(text, text.indexOf('@'));
  const digest = digestText === undefined ? undefined : digestIn(text, digestText);
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const hosted = slash > 0 && (/[.:]/.test(first) || first.toLowerCase() === 'localhost');
  const host = hosted ? first.toLowerCase() : undefined;
  const path = hosted ? named.slice(slash + 1) : named;
  const { rest: repository, suffix: tag } = cut(path, path.indexOf(':'));
  if (host !== undefined && !hostName.test(host)) throw invalid(text, `"${first}" is no host name with an optional port`);
  if (!isRepository(repository) || (host?.length ?? 0) + 1 + repository.length > nameCharactersMax) throw invalid(text, `"${repository}" is no repository name: lower-case letters, digits and single separators, at most ${nameCharactersMax} characters with its host`);
  if (tag !== undefined && !isTag(tag)) throw invalid(text, `"${tag}" is no tag: 1 to 128 of A-Z, a-z, 0-9, "_", "." and "-"`);
  return { ...(host === undefined ? {} : { host }), repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function cut(text: string, at: number): { rest: string; suffix?: string } {
  return at < 0 ? { rest: text } : { rest: text.slice(0, at), suffix: text.slice(at + 1) };
}

function digestIn(text: string, digest: string): Digest {
  const parsed = Digest.safeParse(digest);
  if (!parsed.success) throw invalid(text, `"${digest.slice(0, 80)}" is no digest: "sha256:" and 64 lower-case hex digits were expected`);
  return parsed.data;
}

function invalid(text: string, why: string): Fault {
  return new Fault('input-invalid', `reference "${text.slice(0, 300)}": ${why.slice(0, 400)}`);
}

/** The name that policy scopes match: `manager/<repository>`, or `<host>/<repository>`. */
export function policyNameOf({ host, repository }: Pick<Reference, 'host' | 'repository'>): string {
  return `${host ?? 'manager'}/${repository}`;
}
