/** What people do for themselves: one's own password, one's own views. */
import { SavedView } from '@pier/shared/api';
import { Fault, check, isoTime } from '@pier/shared/core';
import { inTransaction, storeAudit } from '../db/index.ts';
import type { Handlers, RequestOf } from '../http/index.ts';
import type { Door, Known, PasswordCheck } from './door.ts';
import { endSessions, replacePassword } from './user-store.ts';
import type { PeopleDeps } from './user-routes.ts';
import { type StoredView, listViews, removeView, storeView } from './view-store.ts';

type OwnDeps = PeopleDeps & { readonly door: Door; readonly checkPassword: PasswordCheck };
type OwnHandlers = Pick<Handlers, 'changeMe' | 'listViews' | 'putView' | 'removeView'>;
const viewsMax = 50;

export function ownHandlers(deps: OwnDeps): OwnHandlers {
  const { db, clock } = deps;
  return {
    changeMe: (request) => changeMe(deps, request),
    listViews: async ({ actor }) => ({ items: (await listViews(db, actor.name)).map(showView) }),
    putView: async ({ params: { name }, body: { query }, actor }) => {
      const stored = await inTransaction(db, (tx) => storeView(tx, { userName: actor.name, name, query, createdAt: new Date(clock.nowMs()) }, viewsMax));
      if (!stored) throw new Fault('conflict', `${actor.name} has ${viewsMax} saved views, which is all that one user may have; remove some first`);
      return showView(stored);
    },
    removeView: async ({ params: { name }, actor }) => {
      if (!(await removeView(db, actor.name, name))) throw new Fault('not-found', `${actor.name} has no saved view "${name}"`);
      return null;
    },
  };
}

/** The present password is asked for, so that a browser left open is not enough; a wrong one is `forbidden`: the session is still good. */
async function changeMe({ db, clock, hash, forget, door, checkPassword }: OwnDeps, { body: { was, password }, actor }: RequestOf<'changeMe'>): Promise<{ user: string; role: Known['role'] }> {
  const known = await checkPassword({ user: actor.name, password: was, address: `session of ${actor.name}` }, door).catch((thrown: unknown) => {
    throw thrown instanceof Fault && thrown.code === 'unauthenticated' ? new Fault('forbidden', `body: was: this is not the present password of ${actor.name}`) : thrown;
  });
  const next = await hash(actor.name, password);
  await inTransaction(db, async (tx) => {
    const changed = await replacePassword(tx, { name: actor.name, was: known.password, next });
    if (!changed) throw new Fault('conflict', `somebody else has changed the password of ${actor.name} meanwhile`);
    const sessionsEnded = await endSessions(tx, actor.name, actor.session);
    await storeAudit(tx, [{ actor: actor.name, action: 'user.changed', object: `user:${actor.name}`, detail: { password: 'changed', sessionsEnded } }], clock.nowMs());
  });
  forget();
  return { user: actor.name, role: actor.role };
}

function showView({ name, query, createdAt }: StoredView): SavedView {
  return check(SavedView, { name, query, createdAt: isoTime(createdAt.getTime()) }, { what: `saved view ${name}`, code: 'internal' });
}
