import type * as z from 'zod';
import type { AnswerOf, RouteName, Routes } from '@pier/shared/api';
import type { Role } from './permission.ts';

/** Who asks, once known. `session` is there for a browser only: the stored hash of its cookie. */
export type Actor = { readonly name: string; readonly role: Role; readonly session?: string };

type Part<R, K extends string> = R extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;
type ActorOf<R> = R extends { readonly permission: 'public' } ? Actor | undefined : Actor;

/** What a handler gets: every part checked against the route's schemas before. */
export type RequestOf<N extends RouteName> = {
  readonly params: Part<Routes[N], 'params'>;
  readonly query: Part<Routes[N], 'query'>;
  readonly body: Part<Routes[N], 'body'>;
  readonly actor: ActorOf<Routes[N]>;
};

/** One handler a route: a route that nobody answers does not compile. */
export type Handlers = { readonly [N in RouteName]: (request: RequestOf<N>) => Promise<AnswerOf<N>> };
