import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { Fault, check, toFault } from '@pier/shared/core';
import type { AccessControl } from '../access/index.ts';
import { type Actor, type Pages, sessionCookie } from '../http/index.ts';
import { fleetPage, loginPage } from './views.ts';

const assets = { '/pier.css': ['pier.css', 'text/css; charset=utf-8'], '/pier.js': ['pier.js', 'text/javascript; charset=utf-8'] } as const;
const Login = z.strictObject({ user: z.string().min(1).max(64), password: z.string().min(1).max(1_024) });
const formBytesMax = 8 << 10;

type Deps = { readonly access: Pick<AccessControl, 'actorOf' | 'logIn'> };

/** The pages for people: sign in, and one that shows the fleet. All they show comes through the public API. */
export function webPages({ access }: Deps): Pages {
  return async (app) => {
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: formBytesMax }, async (_request: FastifyRequest, body: string | Buffer) => Object.fromEntries(new URLSearchParams(String(body))));
    await serveAssets(app);
    app.get('/', { schema: { hide: true } }, async (request, reply) => {
      const actor = await personOf(request, access);
      return actor === undefined ? reply.redirect('/login', 303) : sendPage(reply, fleetPage(actor.name));
    });
    app.get('/login', { schema: { hide: true } }, async (_request, reply) => sendPage(reply, loginPage('')));
    app.post('/login', { schema: { hide: true } }, async (request, reply) => {
      refuseForeignPage(request);
      try {
        const { secret, maxAgeS } = await access.logIn({ ...check(Login, request.body, { what: 'sign-in' }), address: request.ip });
        return await reply.header('set-cookie', sessionCookie.write(secret, maxAgeS)).redirect('/', 303);
      } catch (thrown) {
        const { status, message } = toFault(thrown);
        if (status >= 500) throw thrown;
        return sendPage(reply.code(status), loginPage(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`));
      }
    });
  };
}

async function serveAssets(app: FastifyInstance): Promise<void> {
  for (const [path, [file, type]] of Object.entries(assets)) {
    const bytes = await readFile(new URL(`assets/${file}`, import.meta.url));
    app.get(path, { schema: { hide: true } }, async (_request, reply) => reply.type(type).send(bytes));
  }
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
