import { User } from '@pier/shared/api';
import { type Clock, Fault, check, invariant, isoTime } from '@pier/shared/core';
import { type Db, inTransaction, storeAudit } from '../db/index.ts';
import { type Handlers, type RequestOf, type Role, keyAfter, pageOf } from '../http/index.ts';
import { isRole, lesserRole } from './rules.ts';
import { type StoredUser, endSessions, endTokensAbove, listUsers, lockUser, removeUser, storeUser, updateUser } from './user-store.ts';

export type PeopleDeps = {
  readonly db: Db;
  readonly clock: Clock;
  /** Hashes a password in its turn; `who` asks for it. Faults: `too-many-requests`. */
  readonly hash: (who: string, password: string) => Promise<string>;
  /** What was remembered of who may come in holds no more. */
  readonly forget: () => void;
};
type UserHandlers = Pick<Handlers, 'listUsers' | 'createUser' | 'changeUser' | 'removeUser'>;

/** `token` is how a registry client says that its password is an API token; the others speak in the audit. */
const reserved: ReadonlySet<string> = new Set(['token', 'system', 'manager', 'engine']);

/** Faults: `input-invalid` for a name with a meaning of its own. */
export function refuseReserved(name: string): void {
  if (reserved.has(name)) throw new Fault('input-invalid', `body: the name "${name}" means something of the manager's own; take another name`);
}

export function userHandlers(deps: PeopleDeps): UserHandlers {
  const { db, clock } = deps;
  return {
    listUsers: async ({ query: { limit, cursor } }) => pageOf({ rows: await listUsers(db, { after: keyAfter(cursor), limit: limit + 1 }), limit, keyOf: ({ name }) => name, show: showUser }),
    createUser: async ({ body: { name, role, password }, actor }) => {
      refuseReserved(name);
      const stored = { name, role, password: await deps.hash(actor.name, password), createdAt: new Date(clock.nowMs()) };
      return inTransaction(db, async (tx) => {
        const made = await storeUser(tx, stored);
        if (!made) throw new Fault('conflict', `there is a user "${name}" already`);
        await storeAudit(tx, [{ actor: actor.name, action: 'user.created', object: `user:${name}`, detail: { role } }], clock.nowMs());
        return showUser(made);
      });
    },
    changeUser: (request) => changeUser(deps, request),
    removeUser: async ({ params: { user: name }, actor }) => {
      await inTransaction(db, async (tx) => {
        if ((await lockUser(tx, name)).isLastAdmin) throw lastAdmin(name);
        await removeUser(tx, name);
        await storeAudit(tx, [{ actor: actor.name, action: 'user.removed', object: `user:${name}` }], clock.nowMs());
      });
      deps.forget();
      return null;
    },
  };
}

/** A new password ends the user's other sessions; a lesser role ends all of them, and the tokens above it. */
async function changeUser({ db, clock, hash, forget }: PeopleDeps, { params: { user: name }, body, actor }: RequestOf<'changeUser'>): Promise<User> {
  const password = body.password === undefined ? undefined : await hash(actor.name, body.password);
  const changed = await inTransaction(db, async (tx) => {
    const { user, isLastAdmin } = await lockUser(tx, name);
    const [before, role] = [roleOf(user), body.role ?? roleOf(user)];
    if (isLastAdmin && role !== 'admin') throw lastAdmin(name);
    await updateUser(tx, name, { ...(role !== before && { role }), ...(password !== undefined && { password }) });
    const isLess = role !== before && lesserRole(role, before) === role;
    const sessionsEnded = isLess || password !== undefined ? await endSessions(tx, name, isLess || actor.name !== name ? undefined : actor.session) : 0;
    const tokensEnded = await endTokensAbove(tx, name, role);
    const detail = { ...(role !== before && { role }), ...(password !== undefined && { password: 'changed' }), sessionsEnded, tokensEnded };
    if (role !== before || password !== undefined) await storeAudit(tx, [{ actor: actor.name, action: 'user.changed', object: `user:${name}`, detail }], clock.nowMs());
    return { ...user, role };
  });
  forget();
  return showUser(changed);
}

function lastAdmin(name: string): Fault {
  return new Fault('conflict', `${name} is the last administrator; make another one first`);
}

function roleOf({ name, role }: StoredUser): Role {
  invariant(isRole(role), `the role of ${name} is one of the table's`);
  return role;
}

function showUser({ name, role, createdAt }: StoredUser): User {
  return check(User, { name, role, createdAt: isoTime(createdAt.getTime()) }, { what: `user ${name}`, code: 'internal' });
}
