/** What browsers get: one page, filled in for each answer, and the files that it needs. All it shows comes through the public API. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type PageSession, type Problem, pageMarks, pagePaths } from '@pier/shared/api';
import { type Log, toFault } from '@pier/shared/core';
import type { AccessControl } from '../access/index.ts';
import { type Pages, policyWithNonce, sessionCookie } from '../http/index.ts';
import { type Built, type BuiltFile, readBuilt } from './built.ts';

const builtDir = fileURLToPath(new URL('../../../web/dist', import.meta.url));

type Deps = { readonly access: Pick<AccessControl, 'actorOf' | 'setupNeeded'>; readonly log: Log; readonly dir?: string };

/** The pages for people. Without a build of them everything else works, and they say what to do. */
export async function webPages({ access, log, dir = builtDir }: Deps): Promise<Pages> {
  const built = await readBuilt(dir).catch((thrown: unknown) => {
    log.warn({ reason: toFault(thrown).message }, 'web.not-built');
    return undefined;
  });
  return { problem: (problem) => problemPage(problem, built), routes: async (app) => serve(app, { built, access }) };
}

function serve(app: FastifyInstance, { built, access }: { built: Built | undefined; access: Deps['access'] }): void {
  for (const path of pagePaths) {
    app.get(path, { schema: { hide: true } }, async (request, reply) =>
      built ? sendPage({ built, access, request, reply }) : reply.code(503).type('text/html; charset=utf-8').send(problemPage({ title: 'Not built', detail: 'the pages of the UI are not built: run "npm run build:web", then start the manager again. The API and the commands of "pier" work', code: 'not-found' }, undefined)),
    );
  }
  for (const file of built?.files ?? []) app.get(file.path, { schema: { hide: true } }, async (request, reply) => sendFile(file, request, reply));
}

type Sending = { readonly built: Built; readonly access: Deps['access']; readonly request: FastifyRequest; readonly reply: FastifyReply };

/** Styles that scripts make carry the nonce of this answer; no other ones are taken by the browser. */
async function sendPage({ built, access, request, reply }: Sending): Promise<FastifyReply> {
  const nonce = randomBytes(16).toString('base64url');
  const session: PageSession = await sessionOf(request, access);
  return reply
    .header('content-security-policy', policyWithNonce(nonce))
    .type('text/html; charset=utf-8')
    .send(built.page.replaceAll(pageMarks.nonce, nonce).replaceAll(pageMarks.session, session));
}

async function sessionOf({ headers }: FastifyRequest, access: Deps['access']): Promise<PageSession> {
  const actor = await access.actorOf({ method: 'GET', authorization: undefined, session: sessionCookie.read(headers.cookie), secFetchSite: undefined }).catch(notOurs);
  if (actor !== undefined) return 'open';
  return (await access.setupNeeded()) ? 'setup' : 'none';
}

/** A cookie that is not ours, or no more, is a browser that nobody has signed in. */
function notOurs(thrown: unknown): undefined {
  if (toFault(thrown).code !== 'unauthenticated') throw thrown;
}

function sendFile({ type, bytes, gzipped, hashed }: BuiltFile, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const packed = gzipped !== undefined && /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  if (gzipped !== undefined) void reply.header('vary', 'accept-encoding');
  if (packed) void reply.header('content-encoding', 'gzip');
  if (hashed) void reply.header('cache-control', 'public, max-age=31536000, immutable');
  return reply.type(type).send(packed ? gzipped : bytes);
}

/** What a person's browser shows where a program gets a problem document; styled where there is a style. */
function problemPage({ title, detail, code }: Pick<Problem, 'title' | 'detail' | 'code'>, built: Built | undefined): string {
  const styles = built?.page.match(/<link rel="stylesheet"[^>]*>/g)?.join('') ?? '';
  const says = `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escaped(title)} · Pier</title>${styles}</head><body><main class="region"><h1>${escaped(title)}</h1><p>${escaped(says)} <code>${escaped(code)}</code></p><p><a href="/">To the overview</a></p></main></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
