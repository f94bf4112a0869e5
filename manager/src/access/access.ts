import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import type { Actor, Handlers } from '../http/index.ts';
import type { Access } from '../registry/index.ts';
import { Attempts } from './attempts.ts';
import { passwords } from './password.ts';
import { cookieMayChange, registryRight } from './rules.ts';
import { hashOf, newApiToken, newPassword, newSessionSecret, tokenHash } from './secrets.ts';
import { findSessionHolder, findUser, hasUsers, removeSession, storeFirstUser, storeSession } from './store.ts';
import { tokenHandlers } from './token-routes.ts';
import { findTokenHolder } from './token-store.ts';
import { turnstile } from './turnstile.ts';
import { type PeopleDeps, userHandlers } from './user-routes.ts';

export type Credentials = { readonly user: string; readonly password: string; readonly token: string };
export type Evidence = { readonly method: string; readonly authorization: string | undefined; readonly session: string | undefined; readonly secFetchSite: string | undefined };

type Door = { readonly enter: ReturnType<typeof turnstile>; readonly attempts: Attempts };
/** Whom a password belongs to, and as what it is stored. */
type Known = Actor & { readonly password: string };
type Attempt = { readonly user: string; readonly password: string; readonly address: string };

export type AccessControl = {
  /** Makes the first administrator; undefined when there is somebody already. `keep` is called before they hold, so that a crash locks nobody out. */
  readonly firstAdmin: (keep?: (credentials: Credentials) => Promise<void>) => Promise<Credentials | undefined>;
  /** Who asks, or undefined when nobody says so. Faults: `unauthenticated` for credentials that are not ours, `forbidden` for a change by a foreign page. */
  readonly actorOf: (evidence: Evidence) => Promise<Actor | undefined>;
  /** Faults: `unauthenticated`, `too-many-requests`. */
  readonly logIn: (attempt: Attempt) => Promise<{ secret: string; maxAgeS: number }>;
  /** Who stands behind the Basic credentials of a registry client: a user's password, or `token` and an API token. Faults: `too-many-requests`. */
  readonly basicAuth: (user: string, password: string, address: string) => Promise<Access>;
  readonly handlers: Pick<Handlers, 'whoAmI' | 'logout'> & ReturnType<typeof userHandlers> & ReturnType<typeof tokenHandlers>;
};

const sessionMaxAgeS = 12 * 3_600;
const remembered = { forMs: 60_000, max: 1_000 } as const;
/** Two doors: strangers on the devices' listener, where anybody may knock, neither hold up people at the page nor shut them out. */
const doors = { page: { atOnceMax: 2, waitingMax: 32, perAddressMax: 16 }, registry: { atOnceMax: 1, waitingMax: 32, perAddressMax: 8 } } as const;

/** Users, their tokens and sessions, and what they may do. */
export function openAccess({ db, clock, log }: { db: Db; clock: Clock; log: Log }): AccessControl {
  const secret = passwords();
  const openDoor = (limits: (typeof doors)[keyof typeof doors]): Door => ({ enter: turnstile(limits), attempts: new Attempts(clock) });
  const [page, registry] = [openDoor(doors.page), openDoor(doors.registry)];
  const now = (): Date => new Date(clock.nowMs());

  const checkPassword = passwordCheck({ db, log, secret });
  const bearer = async (authorization: string): Promise<Actor> => {
    const hash = tokenHash(/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '');
    const actor = hash === undefined ? undefined : await findTokenHolder(db, { hash, now: now() });
    if (actor === undefined) throw new Fault('unauthenticated', 'the Authorization header holds no API token of this manager ("Bearer pier_…")');
    return actor;
  };

  const remembering = rememberShortly(clock, async (user, password, address) => {
    const hash = user === 'token' ? tokenHash(password) : undefined;
    const actor = hash === undefined ? await checkPassword({ user, password, address }, registry).catch(nobody) : await findTokenHolder(db, { hash, now: now() });
    return actor === undefined ? { kind: 'anonymous' } : { kind: 'user', user: actor.name, may: registryRight(actor) };
  });
  const people: PeopleDeps = { db, clock, hash: (who, password) => page.enter(`hash for ${who}`, () => secret.hash(password)), forget: () => remembering.forget() };

  return {
    firstAdmin: async (keep) => {
      if (await hasUsers(db)) return undefined;
      const token = newApiToken();
      const made = { user: 'admin', password: newPassword(), token: token.text };
      await keep?.(made);
      const stored = await storeFirstUser(db, { name: made.user, password: await secret.hash(made.password), role: 'admin', token, now: now() });
      return stored ? made : undefined;
    },
    actorOf: async ({ method, authorization, session, secFetchSite }) => {
      if (authorization !== undefined) return bearer(authorization);
      if (session === undefined) return undefined;
      if (!cookieMayChange(method, secFetchSite)) throw new Fault('forbidden', 'a session may change something only from a page of this manager (Sec-Fetch-Site: same-origin); programs use an API token');
      return findSessionHolder(db, { hash: hashOf(session), now: now() });
    },
    logIn: async (attempt) => {
      const { name, password } = await checkPassword(attempt, page);
      const { text, hash } = newSessionSecret();
      const begun = await storeSession(db, { hash, user: name, password, expiresAt: new Date(clock.nowMs() + sessionMaxAgeS * 1_000), now: now() });
      if (!begun) throw wrongPassword();
      return { secret: text, maxAgeS: sessionMaxAgeS };
    },
    basicAuth: remembering.basicAuth,
    handlers: {
      whoAmI: async ({ actor }) => ({ user: actor.name, role: actor.role }),
      logout: async ({ actor }) => {
        if (actor.session !== undefined) await removeSession(db, actor.session);
        return null;
      },
      ...userHandlers(people),
      ...tokenHandlers(people),
    },
  };
}

/** Users' passwords, looked at one by one at a door. Faults: `unauthenticated`, `too-many-requests`. */
function passwordCheck({ db, log, secret }: { db: Db; log: Log; secret: ReturnType<typeof passwords> }): (attempt: Attempt, door: Door) => Promise<Known> {
  const refuseBlocked = ({ attempts }: Door, key: string, user: string): void => {
    if (attempts.blocked(key)) throw new Fault('too-many-requests', `too many failed sign-ins as ${user.slice(0, 64)}; try again in a minute`);
  };
  const checkInTurn = async ({ user, password, address }: Attempt, door: Door, key: string): Promise<Known> => {
    const { attempts } = door;
    refuseBlocked(door, key, user);
    // Counted before it is known: of many guesses at once no more are looked at than of as many one by one.
    attempts.failed(key);
    // Text that no database can hold is nobody's name.
    const found = user.includes('\0') ? undefined : await findUser(db, user);
    if ((await secret.matches(password, found?.password)) && found !== undefined) {
      attempts.succeeded(key);
      return { name: user, ...found };
    }
    log.warn({ user: user.slice(0, 64), address }, 'access.sign-in-failed');
    throw wrongPassword();
  };
  return async (attempt, door) => {
    const key = `${attempt.user}\n${attempt.address}`;
    refuseBlocked(door, key, attempt.user);
    return door.enter(attempt.address, () => checkInTurn(attempt, door, key));
  };
}

function wrongPassword(): Fault {
  return new Fault('unauthenticated', 'wrong user name or password');
}

function nobody(thrown: unknown): undefined {
  if (thrown instanceof Fault && thrown.code === 'unauthenticated') return undefined;
  throw thrown;
}

type Remembering = Pick<AccessControl, 'basicAuth'> & { /** Whoever was let in is looked at again. */ forget(): void };

/** Registry clients send their password with each of a hundred requests, many at once; who was let in is known for a minute, by a hash of it. */
function rememberShortly(clock: Clock, look: AccessControl['basicAuth']): Remembering {
  const known = new Map<string, { access: Access; untilMs: number }>();
  const asked = new Map<string, Promise<Access>>();
  const now = { forgotten: 0 };
  const remember = (key: string, access: Access): void => {
    const [oldest] = known.keys();
    if (known.size >= remembered.max && oldest !== undefined) known.delete(oldest);
    known.set(key, { access, untilMs: clock.monotonicMs() + remembered.forMs });
  };
  const basicAuth: AccessControl['basicAuth'] = async (user, password, address) => {
    const key = hashOf(`${user.length}:${user}:${password}`);
    const found = known.get(key);
    if (found !== undefined && found.untilMs > clock.monotonicMs()) return found.access;
    known.delete(key);
    const question = `${key} ${address} ${now.forgotten}`;
    const since = now.forgotten;
    const looking = asked.get(question) ?? look(user, password, address).finally(() => asked.delete(question));
    asked.set(question, looking);
    const access = await looking;
    // What was looked up before a change may be what the change ended.
    if (access.kind !== 'anonymous' && since === now.forgotten) remember(key, access);
    return access;
  };
  return {
    basicAuth,
    forget: () => {
      now.forgotten += 1;
      known.clear();
    },
  };
}
