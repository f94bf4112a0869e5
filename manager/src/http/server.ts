import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RouteName } from '@pier/shared/api';
import { type Clock, type Log, invariant } from '@pier/shared/core';
import { type ProblemPage, makeApp } from './app.ts';
import type { Act, Listen } from './bind.ts';
import { sessionCookie } from './cookie.ts';
import type { Actor, Handlers, Streams } from './handlers.ts';
import type { Once } from './once.ts';

export type HttpServer = { readonly port: number; readonly url: string } & AsyncDisposable;

/** What else answers on this listener: pages for people, and what their browser shows of a problem. */
export type Pages = { readonly routes: (app: FastifyInstance) => Promise<void>; readonly problem: ProblemPage };

export type HttpOptions = {
  readonly handlers: Handlers;
  readonly streams: Streams;
  /** What keeps the answers to requests with an Idempotency-Key. */
  readonly once: Once;
  /** Who stands behind a request's token or session; undefined when it names nobody. */
  readonly actorOf: (evidence: { method: string; authorization: string | undefined; session: string | undefined; secFetchSite: string | undefined }) => Promise<Actor | undefined>;
  readonly pages: Pages;
  /** Why the database does not answer; undefined while it does. */
  readonly silent: () => string | undefined;
  /** 0 takes any free port. */
  readonly port: number;
  /** Names besides those of loopback that people reach it by, through a proxy. */
  readonly publicHosts: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
};

/** Opens the listener for people, on loopback: API and pages. Rejects with EADDRINUSE when the port is taken. */
export async function openHttp({ handlers, streams, once, actorOf, pages, silent, port, publicHosts, clock, log }: HttpOptions): Promise<HttpServer> {
  const identify = ({ method, headers }: FastifyRequest): Promise<Actor | undefined> =>
    actorOf({ method, authorization: headers.authorization, session: sessionCookie.read(headers.cookie), secFetchSite: single(headers['sec-fetch-site']) });
  const app = await makeApp({ act: actWith(handlers), listen: listenWith(streams), identify, once, clock, silent, publicHosts, log, problemPage: pages.problem });
  await app.register(pages.routes);
  try {
    await app.listen({ host: '127.0.0.1', port });
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return { port: bound, url: `http://127.0.0.1:${bound}`, [Symbol.asyncDispose]: () => app.close() };
}

/** The table of handlers as one function. The binder has checked each part against the schemas from which the handler's types are made. */
function actWith(handlers: Handlers): Act {
  const table: Readonly<Partial<Record<RouteName, (request: never) => Promise<unknown>>>> = handlers;
  return async (name, request) => {
    const handler = table[name];
    invariant(handler, `${name} is answered, not streamed`);
    return handler(request as never);
  };
}

function listenWith(streams: Streams): Listen {
  const table: Readonly<Partial<Record<RouteName, Streams[keyof Streams]>>> = streams;
  return (name, send, after) => {
    const stream = table[name];
    invariant(stream, `${name} is a stream`);
    return stream({ send }, after);
  };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
