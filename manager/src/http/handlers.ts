import type * as z from 'zod';
import type { AnswerOf, RouteName, Routes, StreamName } from '@pier/shared/api';
import type { Role } from './permission.ts';

/** Who asks, once known. `session` is there for a browser only: the stored hash of its cookie; `until` for a token that ends. */
export type Actor = { readonly name: string; readonly role: Role; readonly session?: string; readonly until?: Date };

/** The routes that begin or end a browser's session. */
export const sessionRoutes = ['logIn', 'setUp', 'logout'] as const satisfies readonly RouteName[];
export type SessionRoute = (typeof sessionRoutes)[number];

/** What such a route is told about its caller, and how it says what its caller's cookie shall be. The answer carries it only when the act succeeds. */
export type Visit = { readonly address: string; readonly cookie: { keep(secret: string, maxAgeS: number): void; drop(): void } };

type Part<R, K extends string> = R extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;
/** The revision that the change was decided on, from If-Match; undefined for `*`: whatever it is now. */
type Precondition<R> = R extends { readonly ifMatch: true } ? { readonly ifMatch: number | undefined } : unknown;
type ActorOf<R> = R extends { readonly permission: 'public' } ? Actor | undefined : Actor;

/** What a handler gets: every part checked against the route's schemas before. */
export type RequestOf<N extends RouteName> = {
  readonly params: Part<Routes[N], 'params'>;
  readonly query: Part<Routes[N], 'query'>;
  readonly body: Part<Routes[N], 'body'>;
  readonly actor: ActorOf<Routes[N]>;
} & Precondition<Routes[N]> & (N extends SessionRoute ? { readonly visit: Visit } : unknown);

/** One handler a route: a route that nobody answers does not compile. Streams are answered by `Streams`. */
export type Handlers = { readonly [N in Exclude<RouteName, StreamName>]: (request: RequestOf<N>) => Promise<AnswerOf<N>> };

/** Takes what a stream says. `id` is what a reader that comes back names as the last that it has seen. */
export type Listener<N extends StreamName = StreamName> = { readonly send: (events: readonly { readonly id?: string; readonly data: AnswerOf<N> }[]) => void };

/** Lets a listener hear what comes after `after`, until the returned thing is disposed; never before it has returned. */
export type Streams = { readonly [N in StreamName]: (listener: Listener<N>, after: string | undefined) => Disposable };
