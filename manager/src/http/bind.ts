import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { type Route, type RouteName, Problem, apiPrefix, routes } from '@pier/shared/api';
import { type Clock, Fault } from '@pier/shared/core';
import { type EventStreams, type StreamedEvent, newEventStreams } from './event-stream.ts';
import type { Actor, Visit } from './handlers.ts';
import { type Once, askedOnce, idempotencyKeyOf } from './once.ts';
import { mayUse } from './permission.ts';
import { entityTagOf, revisionOf } from './precondition.ts';
import { isSessionRoute, openVisit, refuseForeignPage } from './visit.ts';

/** Answers one route's request, whose parts have been checked. `ifMatch` and `visit` are there on routes that want them. */
export type Act = (name: RouteName, request: { params: unknown; query: unknown; body: unknown; actor: Actor | undefined; ifMatch?: number | undefined; visit?: Visit }) => Promise<unknown>;
export type Identify = (request: FastifyRequest) => Promise<Actor | undefined>;
/** Lets somebody hear a stream until the returned thing is disposed. */
export type Listen = (name: RouteName, send: (events: readonly StreamedEvent[]) => void, after: string | undefined) => Disposable;

export type Binding = { readonly act: Act; readonly identify: Identify; readonly once: Once; readonly listen: Listen; readonly clock: Clock; /** Why nothing can be answered that needs the database; undefined when it can. */ readonly silent: () => string | undefined };

const ifMatch = z.string().meta({ description: 'The revision that the change was decided on, in quotes, as in the ETag of the last answer; or *' });
const idempotencyKey = z.string().min(1).max(128).optional().meta({ description: 'The same request with the same key again within 24 hours is answered, not done again' });

/** Strangers send names and passwords, nothing large. */
const publicBodyBytesMax = 8 << 10;
const lastEventId = z.string().optional().meta({ description: 'The id of the last event that was read: the stream goes on after it' });

/** Binds every shared route: who asks is found out first, then the parts are checked, then it is answered. */
export function bindRoutes(app: FastifyInstance, binding: Binding): void {
  const streams = newEventStreams(binding.clock);
  // Before the listener waits for its connections to end: a stream never does by itself.
  app.addHook('preClose', (done) => {
    streams.endAll();
    done();
  });
  for (const [name, definition] of Object.entries(routes) as [RouteName, Route][]) {
    const actors = new WeakMap<FastifyRequest, Actor>();
    const handle = definition.stream === true ? streamed : answered;
    app.route({
      method: definition.method,
      url: apiPrefix + definition.path,
      ...(definition.stream === true && { exposeHeadRoute: false }),
      ...(definition.permission === 'public' && { bodyLimit: publicBodyBytesMax }),
      schema: schemaOf(name, definition),
      onRequest: async (request) => {
        if (isSessionRoute(name)) refuseForeignPage(request);
        if (!standsAlone.has(name)) refuseWhileSilent(binding.silent());
        const actor = await binding.identify(request);
        if (actor !== undefined) actors.set(request, actor);
        permit(actor, definition);
      },
      // Before the headers are checked: a missing one has a status of its own (RFC 6585, §3).
      preValidation: async ({ headers }) => {
        if (definition.ifMatch) revisionOf(headers['if-match']);
        if (definition.method === 'POST') idempotencyKeyOf(headers['idempotency-key']);
      },
      handler: (request, reply) => handle({ ...binding, streams, name, definition, actor: actors.get(request), request, reply }),
    });
  }
}

type Handling = Binding & { readonly streams: EventStreams; readonly name: RouteName; readonly definition: Route; readonly actor: Actor | undefined; readonly request: FastifyRequest; readonly reply: FastifyReply };

async function answered({ act, once, name, definition, actor, request, reply }: Handling): Promise<unknown> {
  const { params, query, body, headers } = request;
  const opened = isSessionRoute(name) ? openVisit(request) : undefined;
  const perform = (): Promise<unknown> => act(name, { params, query, body, actor, ...(definition.ifMatch && { ifMatch: revisionOf(headers['if-match']) }), ...(opened && { visit: opened.visit }) });
  const key = definition.method === 'POST' ? idempotencyKeyOf(headers['idempotency-key']) : undefined;
  // A cookie is no part of an answer that could be kept.
  const repeatable = key !== undefined && actor !== undefined && opened === undefined;
  const answer = await (repeatable ? once(askedOnce({ definition, user: actor.name, key, url: request.url, parts: [body, definition.ifMatch && headers['if-match']] }), perform) : perform());
  void reply.code(definition.status);
  const cookie = opened?.left();
  if (cookie !== undefined) void reply.header('set-cookie', cookie);
  const tag = entityTagOf(answer);
  if (tag !== undefined) void reply.header('etag', tag);
  return definition.status === 204 ? reply.send() : answer;
}

async function streamed({ listen, identify, streams, name, definition, actor: by, request, reply }: Handling): Promise<unknown> {
  const stillMay = async (): Promise<boolean> => {
    const actor = await identify(request);
    return actor !== undefined && mayUse(actor.role, definition.permission);
  };
  streams.open({ who: by?.name ?? 'nobody', request, reply, stillMay, listen: (send, after) => listen(name, send, after) });
  return reply;
}

function schemaOf(name: RouteName, definition: Route): Record<string, unknown> {
  const { path, params, query, body, status, response, method } = definition;
  const headers = { ...(definition.ifMatch && { 'if-match': ifMatch }), ...(method === 'POST' && !isSessionRoute(name) && { 'idempotency-key': idempotencyKey }), ...(definition.stream && { 'last-event-id': lastEventId }) };
  return {
    operationId: name,
    summary: definition.summary,
    tags: [path.split('/')[1] ?? ''],
    security: definition.permission === 'public' ? [] : [{ token: [] }, { session: [] }],
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
    ...(Object.keys(headers).length > 0 && { headers: z.looseObject(headers) }),
    ...(definition.stream && { produces: ['text/event-stream'] }),
    response: { [status]: response, ...(method === 'POST' && { 409: Problem }), ...(definition.ifMatch && { 412: Problem, 428: Problem }), default: Problem },
  };
}

/** What is answered without the database. */
const standsAlone: ReadonlySet<RouteName> = new Set(['health', 'ready'] as const);

/** At once: who waited with all others for a server that hangs would hear nothing, and hold the door for those who come. */
function refuseWhileSilent(why: string | undefined): void {
  if (why !== undefined) throw new Fault('unreachable', `the manager's database does not answer (${why}); devices go on with what they run`);
}

function permit(actor: Actor | undefined, { permission, method, path }: Route): void {
  if (permission === 'public') return;
  if (actor === undefined) throw new Fault('unauthenticated', 'sign in, or send an API token: "Authorization: Bearer pier_…"');
  if (!mayUse(actor.role, permission)) throw new Fault('forbidden', `${method} ${path} is for ${permission}s; ${actor.name} is ${actor.role}`);
}
