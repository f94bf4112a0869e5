import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Route, type RouteName, Problem, apiPrefix, routes } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import type { Actor } from './handlers.ts';
import { mayUse } from './permission.ts';

/** Answers one route's request, whose parts have been checked. */
export type Act = (name: RouteName, request: { params: unknown; query: unknown; body: unknown; actor: Actor | undefined }) => Promise<unknown>;
export type Identify = (request: FastifyRequest) => Promise<Actor | undefined>;

/** Binds every shared route: who asks is found out first, then the parts are checked, then it is answered. */
export function bindRoutes(app: FastifyInstance, { act, identify }: { act: Act; identify: Identify }): void {
  for (const [name, definition] of Object.entries(routes) as [RouteName, Route][]) {
    const { method, path, params, query, body, status, response } = definition;
    const actors = new WeakMap<FastifyRequest, Actor>();
    app.route({
      method,
      url: apiPrefix + path,
      schema: {
        operationId: name,
        summary: definition.summary,
        tags: [path.split('/')[1] ?? ''],
        security: definition.permission === 'public' ? [] : [{ token: [] }, { session: [] }],
        ...(params && { params }),
        ...(query && { querystring: query }),
        ...(body && { body }),
        response: { [status]: response, default: Problem },
      },
      onRequest: async (request) => {
        const actor = await identify(request);
        if (actor !== undefined) actors.set(request, actor);
        permit(actor, definition);
      },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const answer = await act(name, { params: request.params, query: request.query, body: request.body, actor: actors.get(request) });
        void reply.code(status);
        return status === 204 ? reply.send() : answer;
      },
    });
  }
}

function permit(actor: Actor | undefined, { permission, method, path }: Route): void {
  if (permission === 'public') return;
  if (actor === undefined) throw new Fault('unauthenticated', 'sign in, or send an API token: "Authorization: Bearer pier_…"');
  if (!mayUse(actor.role, permission)) throw new Fault('forbidden', `${method} ${path} is for ${permission}s; ${actor.name} is ${actor.role}`);
}
