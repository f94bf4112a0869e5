/** Who comes to begin or end a session, and the cookie that goes back with the answer. */
import type { FastifyRequest } from 'fastify';
import type { RouteName } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { sessionCookie } from './cookie.ts';
import { type Visit, sessionRoutes } from './handlers.ts';

/** A visit, and what its act left in the cookie: nothing when it said nothing. */
export type OpenVisit = { readonly visit: Visit; readonly left: () => string | undefined };

export function isSessionRoute(name: RouteName): boolean {
  return (sessionRoutes as readonly RouteName[]).includes(name);
}

export function openVisit({ ip }: Pick<FastifyRequest, 'ip'>): OpenVisit {
  let cookie: string | undefined;
  return {
    visit: {
      address: ip,
      cookie: {
        keep: (secret, maxAgeS) => {
          cookie = sessionCookie.write(secret, maxAgeS);
        },
        drop: () => {
          cookie = sessionCookie.clear;
        },
      },
    },
    left: () => cookie,
  };
}

/** A foreign page must not sign a person in under a name of its choice (login CSRF). Programs send no such header. Faults: `forbidden`. */
export function refuseForeignPage({ headers }: Pick<FastifyRequest, 'headers'>): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw new Fault('forbidden', 'a browser signs in only from a page of this manager (Sec-Fetch-Site: same-origin)');
}
