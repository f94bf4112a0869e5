/**
 * The first account. Whoever reaches a manager that nobody has set up could make himself its administrator; so the one who may is
 * the one who reads its log. The code holds until it is used or the manager is started again. Guesses are counted by address, not
 * in all: 60 bits need no more, and a stranger's guesses must not keep the owner out.
 */
import { type Clock, Fault, type Log } from '@pier/shared/core';
import type { Db } from '../db/index.ts';
import type { Handlers, RequestOf } from '../http/index.ts';
import type { Door } from './door.ts';
import type { Passwords } from './password.ts';
import { newSetupCode, sameHash, setupCodeHash } from './secrets.ts';
import { type NewSession, sessionUntil } from './session.ts';
import { hasUsers, storeSetUpUser } from './store.ts';
import { refuseReserved } from './user-routes.ts';

type SetupDeps = { readonly db: Db; readonly clock: Clock; readonly log: Log; readonly door: Door; readonly secret: Passwords };
export type Setup = {
  /** A new code, said by the caller to whoever runs this machine; undefined when there is an account. An earlier code holds no more. */
  readonly newCode: () => Promise<string | undefined>;
  readonly handlers: Pick<Handlers, 'getSetup' | 'setUp'>;
};

export function openSetup({ db, clock, log, door, secret }: SetupDeps): Setup {
  /** Only the hash is kept: what is read out of this process is no code. */
  const held: { code?: Buffer } = {};
  const checkCode = (typed: string, address: string): void => {
    const key = `setup\n${address}`;
    if (door.attempts.blocked(key)) throw new Fault('too-many-requests', 'too many wrong setup codes; try again in a minute');
    if (held.code !== undefined && sameHash(setupCodeHash(typed), held.code)) return door.attempts.succeeded(key);
    door.attempts.failed(key);
    log.warn({ address }, 'access.setup-refused');
    throw new Fault('forbidden', 'this is not the setup code that stands in the log of this manager; each start writes a new one');
  };
  const setUp = async ({ body: { code, user, password }, visit }: RequestOf<'setUp'>): Promise<{ user: string; role: 'admin' }> => {
    // First, whatever the code: whoever comes later learns nothing about it, not even by the time that it takes.
    if (await hasUsers(db)) throw alreadySetUp();
    checkCode(code, visit.address);
    refuseReserved(user);
    const session: NewSession = sessionUntil(clock);
    // A right code is not spent by this: of two people who hold it, the database lets one be first.
    const stored = await storeSetUpUser(db, { name: user, password: await door.enter(visit.address, () => secret.hash(password)), session: session.stored, address: visit.address, now: new Date(clock.nowMs()) });
    if (!stored) throw alreadySetUp();
    delete held.code;
    log.info({ user, address: visit.address }, 'access.set-up');
    visit.cookie.keep(session.secret, session.maxAgeS);
    return { user, role: 'admin' };
  };
  return {
    newCode: async () => {
      delete held.code;
      if (await hasUsers(db)) return undefined;
      const code = newSetupCode();
      held.code = setupCodeHash(code);
      return code;
    },
    handlers: { getSetup: async () => ({ needed: !(await hasUsers(db)) }), setUp },
  };
}

function alreadySetUp(): Fault {
  return new Fault('conflict', 'this manager has an account already; sign in, or ask an administrator for an account');
}
