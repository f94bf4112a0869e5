import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { Fault, check, toFault } from '@pier/shared/core';
import type { AccessControl } from '../access/index.ts';
import { type Actor, type Pages, sessionCookie } from '../http/index.ts';
import { fleetPage, loginPage, problemPage } from './views.ts';

const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' } as const;
const assets = ['pier.css', 'pier.js', 'dom.js', 'facts.js', 'tree.js', 'views.js', 'mark.svg'] as const;
const Login = z.strictObject({ user: z.string().min(1).max(64), password: z.string().min(1).max(1_024) });
const formBytesMax = 8 << 10;

type Deps = { readonly access: Pick<AccessControl, 'actorOf' | 'logIn'> };

/** The pages for people: sign in, and one that shows the fleet. All they show comes through the public API. */
export function webPages({ access }: Deps): Pages {
  return { problem: problemPage, routes: (app) => serve(app, access) };
}

async function serve(app: FastifyInstance, access: Deps['access']): Promise<void> {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: formBytesMax }, async (_request: FastifyRequest, body: string | Buffer) => Object.fromEntries(new URLSearchParams(String(body))));
  await serveAssets(app);
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    const actor = await personOf(request, access);
    return actor === undefined ? reply.redirect('/login', 303) : sendPage(reply, fleetPage(actor.name));
  });
  app.get('/login', { schema: { hide: true } }, async ({ url }, reply) => sendPage(reply, loginPage(url.endsWith('?ended') ? { note: 'Your session has ended. Sign in again.' } : {})));
  app.post('/login', { schema: { hide: true } }, async (request, reply) => {
    refuseForeignPage(request);
    try {
      const { secret, maxAgeS } = await access.logIn({ ...check(Login, request.body, { what: 'sign-in' }), address: request.ip });
      return await reply.header('set-cookie', sessionCookie.write(secret, maxAgeS)).redirect('/', 303);
    } catch (thrown) {
      const { status, message } = toFault(thrown);
      if (status >= 500) throw thrown;
      return sendPage(reply.code(status), loginPage({ why: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` }));
    }
  });
}

async function serveAssets(app: FastifyInstance): Promise<void> {
  for (const file of assets) {
    const bytes = await readFile(new URL(`assets/${file}`, import.meta.url));
    app.get(`/${file}`, { schema: { hide: true } }, async (_request, reply) => reply.type(types[endingOf(file)]).send(bytes));
  }
}

function endingOf(file: (typeof assets)[number]): keyof typeof types {
  return file.endsWith('.css') ? 'css' : file.endsWith('.svg') ? 'svg' : 'js';
}

async function personOf({ method, headers }: FastifyRequest, access: Deps['access']): Promise<Actor | undefined> {
  return access.actorOf({ method, authorization: undefined, session: sessionCookie.read(headers.cookie), secFetchSite: undefined });
}

/** A foreign page must not sign a person in under a name of its choice (login CSRF). Programs send no such header. */
function refuseForeignPage({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw new Fault('forbidden', 'the sign-in form was not sent by a page of this manager');
}

function sendPage(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text);
}
