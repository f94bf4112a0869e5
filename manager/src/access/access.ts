import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import type { Actor, Handlers } from '../http/index.ts';
import type { Access } from '../registry/index.ts';
import { type Attempt, openDoors, passwordCheck, wrongPassword } from './door.ts';
import { ownHandlers } from './own-routes.ts';
import { passwords } from './password.ts';
import { cookieMayChange, registryRight } from './rules.ts';
import { hashOf, newApiToken, newPassword, tokenHash } from './secrets.ts';
import { sessionUntil } from './session.ts';
import { type Setup, openSetup } from './setup.ts';
import { findSessionHolder, hasUsers, removeSession, storeFirstUser, storeSession } from './store.ts';
import { tokenHandlers } from './token-routes.ts';
import { findTokenHolder } from './token-store.ts';
import { type PeopleDeps, userHandlers } from './user-routes.ts';

export type Credentials = { readonly user: string; readonly password: string; readonly token: string };
export type Evidence = { readonly method: string; readonly authorization: string | undefined; readonly session: string | undefined; readonly secFetchSite: string | undefined };

export type AccessControl = {
  /** Makes the first administrator; undefined when there is somebody already. */
  readonly firstAdmin: () => Promise<Credentials | undefined>;
  /** Makes the code with which a person makes the first account; undefined when there is somebody already. */
  readonly newSetupCode: Setup['newCode'];
  /** Whether nobody has an account yet. */
  readonly setupNeeded: () => Promise<boolean>;
  /** Who asks, or undefined when nobody says so. Faults: `unauthenticated` for credentials that are not ours, `forbidden` for a change by a foreign page. */
  readonly actorOf: (evidence: Evidence) => Promise<Actor | undefined>;
  /** Faults: `unauthenticated`, `too-many-requests`. */
  readonly logIn: (attempt: Attempt) => Promise<{ secret: string; maxAgeS: number; actor: Actor }>;
  /** Who stands behind the Basic credentials of a registry client: a user's password, or `token` and an API token. Faults: `too-many-requests`. */
  readonly basicAuth: (user: string, password: string, address: string) => Promise<Access>;
  readonly handlers: Pick<Handlers, 'whoAmI' | 'logIn' | 'logout'> & Setup['handlers'] & ReturnType<typeof ownHandlers> & ReturnType<typeof userHandlers> & ReturnType<typeof tokenHandlers>;
};

const remembered = { forMs: 60_000, max: 1_000 } as const;

/** Users, their tokens and sessions, and what they may do. */
export function openAccess({ db, clock, log }: { db: Db; clock: Clock; log: Log }): AccessControl {
  const secret = passwords();
  const { page, registry } = openDoors(clock);
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

  const setup = openSetup({ db, clock, log, door: page, secret });
  const logIn: AccessControl['logIn'] = async (attempt) => {
    const { name, role, password } = await checkPassword(attempt, page);
    const { secret: cookie, maxAgeS, stored } = sessionUntil(clock);
    if (!(await storeSession(db, { ...stored, user: name, password, now: now() }))) throw wrongPassword();
    return { secret: cookie, maxAgeS, actor: { name, role } };
  };

  return {
    firstAdmin: async () => {
      if (await hasUsers(db)) return undefined;
      const token = newApiToken();
      const made = { user: 'admin', password: newPassword(), token: token.text };
      const stored = await storeFirstUser(db, { name: made.user, password: await secret.hash(made.password), token, now: now() });
      return stored ? made : undefined;
    },
    actorOf: async ({ method, authorization, session, secFetchSite }) => {
      if (authorization !== undefined) return bearer(authorization);
      if (session === undefined) return undefined;
      if (!cookieMayChange(method, secFetchSite)) throw new Fault('forbidden', 'a session may change something only from a page of this manager (Sec-Fetch-Site: same-origin); programs use an API token');
      return findSessionHolder(db, { hash: hashOf(session), now: now() });
    },
    newSetupCode: setup.newCode,
    setupNeeded: async () => !(await hasUsers(db)),
    logIn,
    basicAuth: remembering.basicAuth,
    handlers: {
      whoAmI: async ({ actor }) => ({ user: actor.name, role: actor.role }),
      logIn: async ({ body, visit }) => {
        const { secret: cookie, maxAgeS, actor } = await logIn({ ...body, address: visit.address });
        visit.cookie.keep(cookie, maxAgeS);
        return { user: actor.name, role: actor.role };
      },
      logout: async ({ actor, visit }) => {
        if (actor.session !== undefined) await removeSession(db, actor.session);
        visit.cookie.drop();
        return null;
      },
      ...setup.handlers,
      ...ownHandlers({ ...people, door: page, checkPassword }),
      ...userHandlers(people),
      ...tokenHandlers(people),
    },
  };
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
