import { type AnswerOf, ApiToken, Role } from '@pier/shared/api';
import { Fault, check, isoTime } from '@pier/shared/core';
import { inTransaction, storeAudit } from '../db/index.ts';
import { type Actor, type Handlers, type RequestOf, keyAfter, mayUse, pageOf } from '../http/index.ts';
import { newApiToken } from './secrets.ts';
import { type StoredToken, listTokens, removeToken, storeToken } from './token-store.ts';
import type { PeopleDeps } from './user-routes.ts';

type TokenHandlers = Pick<Handlers, 'listApiTokens' | 'createApiToken' | 'revokeApiToken'>;
const perUserMax = 200;

export function tokenHandlers(deps: PeopleDeps): TokenHandlers {
  const { db, clock } = deps;
  return {
    listApiTokens: async ({ query: { limit, cursor }, actor }) => {
      const rows = await listTokens(db, { user: whoseTokens(actor), after: placeOf(keyAfter(cursor)), limit: limit + 1 });
      return pageOf({ rows, limit, keyOf: ({ createdAt, id }) => `${createdAt.getTime()} ${id}`, show: showToken });
    },
    createApiToken: (request) => createApiToken(deps, request),
    revokeApiToken: async ({ params: { id }, actor }) => {
      await inTransaction(db, async (tx) => {
        const removed = await removeToken(tx, id, whoseTokens(actor));
        if (!removed) throw new Fault('not-found', `there is no API token "${id}" that ${actor.name} may end`);
        // Thrown within the transaction: a token that leaked must not disarm its owner's better ones.
        if (!mayUse(actor.role, Role.parse(removed.role))) throw new Fault('forbidden', `API token "${id}" is for ${removed.role}s; ${actor.name} is ${actor.role} here`);
        await storeAudit(tx, [{ actor: actor.name, action: 'api-token.revoked', object: `api-token:${id}`, detail: { user: removed.userName, name: removed.name } }], clock.nowMs());
      });
      deps.forget();
      return null;
    },
  };
}

/** A token may neither more nor longer than what it was asked with: one that leaked makes no better one. */
async function createApiToken({ db, clock }: PeopleDeps, { body: { name, role, expiresInS }, actor }: RequestOf<'createApiToken'>): Promise<AnswerOf<'createApiToken'>> {
  if (!mayUse(actor.role, role)) throw new Fault('forbidden', `${actor.name} is ${actor.role} here and can make no token for ${role}s`);
  const nowMs = clock.nowMs();
  const wanted = expiresInS === undefined ? undefined : nowMs + expiresInS * 1_000;
  const untilMs = Math.min(wanted ?? Infinity, actor.until?.getTime() ?? Infinity);
  const { id, hash, text } = newApiToken();
  const token = { id, hash, userName: actor.name, name, role, expiresAt: Number.isFinite(untilMs) ? new Date(untilMs) : null, createdAt: new Date(nowMs) };
  return inTransaction(db, async (tx) => {
    const made = await storeToken(tx, token, perUserMax);
    if (!made) throw new Fault('conflict', `${actor.name} has ${perUserMax} API tokens, which is all that one user may have; end some first`);
    await storeAudit(tx, [{ actor: actor.name, action: 'api-token.created', object: `api-token:${id}`, detail: { name, role, expiresAt: token.expiresAt?.toISOString() ?? null } }], nowMs);
    return { ...showToken(made), token: text };
  });
}

/** Everybody has a say about one's own tokens; an administrator about all, which are not narrowed to a user. */
function whoseTokens(actor: Actor): string | undefined {
  return mayUse(actor.role, 'admin') ? undefined : actor.name;
}

function placeOf(key: string | undefined): { madeMs: number; id: string } | undefined {
  if (key === undefined) return undefined;
  const [, madeMs, id] = /^(\d{1,15}) ([0-9a-f]{12})$/.exec(key) ?? [];
  if (madeMs === undefined || id === undefined) throw new Fault('input-invalid', 'query: cursor: this is not the "next" of an earlier page');
  return { madeMs: Number(madeMs), id };
}

function showToken({ id, name, userName, role, createdAt, expiresAt, lastUsedAt }: StoredToken): ApiToken {
  return check(ApiToken, { id, name, user: userName, role, createdAt: isoTime(createdAt.getTime()), expiresAt: timeOf(expiresAt), lastUsedAt: timeOf(lastUsedAt) }, { what: `API token ${id}`, code: 'internal' });
}

function timeOf(date: Date | null): string | null {
  return date && isoTime(date.getTime());
}
