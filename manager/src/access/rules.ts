import { type Actor, type Role, mayUse, roles } from '../http/index.ts';

/** The lesser of two roles: a token never may more than its user. */
export function lesserRole(a: Role, b: Role): Role {
  return roles.indexOf(a) <= roles.indexOf(b) ? a : b;
}

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}

/** What a person may do in the registry: operators push, everybody else who is known pulls. */
export function registryRight(actor: Actor): 'pull' | 'push' {
  return mayUse(actor.role, 'operator') ? 'push' : 'pull';
}

/**
 * Whether a request that carries a cookie may change something: only when the browser says that a page of ours made it.
 * (Fetch Metadata, `Sec-Fetch-Site`.) A bearer token cannot be sent by a foreign page and needs no such proof.
 */
export function cookieMayChange(method: string, secFetchSite: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD' || secFetchSite === 'same-origin';
}
