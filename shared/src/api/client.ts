import type * as z from 'zod';
import { Fault, check, isFaultCode } from '../core/index.ts';
import { Problem } from './common.ts';
import { type Route, apiPrefix } from './route.ts';
import { type RouteName, type Routes, routes } from './routes.ts';

type Part<R, K extends string> = R extends { readonly [P in K]: infer S extends z.ZodType } ? { readonly [P in K]: z.input<S> } : unknown;
/** `ifMatch`: the revision that the change was decided on, `*` for whatever it is now. */
type Precondition<R> = R extends { readonly ifMatch: true } ? { readonly ifMatch?: number | '*' } : unknown;
/** `idempotencyKey`: the same request with the same key again is answered, not done again. */
type Once<R> = R extends { readonly method: 'POST' } ? { readonly idempotencyKey?: string } : unknown;
export type CallOf<N extends RouteName> = Part<Routes[N], 'params'> & Partial<Part<Routes[N], 'query'>> & Part<Routes[N], 'body'> & Precondition<Routes[N]> & Once<Routes[N]>;
type Parts = {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string | number | boolean | undefined>;
  readonly body?: unknown;
  readonly ifMatch?: number | '*';
  readonly idempotencyKey?: string;
};
export type AnswerOf<N extends RouteName> = z.output<Routes[N]['response']>;

export type ApiClient = { call<N extends RouteName>(name: N, request: CallOf<N>, signal?: AbortSignal): Promise<AnswerOf<N>> };

/**
 * The typed client of the HTTP API. Faults carry the code of the manager's problem document; `unreachable` when nobody answers.
 */
export function apiClient({ baseUrl, token, timeoutMs = 30_000 }: { baseUrl: string; token: string; timeoutMs?: number }): ApiClient {
  return {
    call: async (name, request, signal) => {
      const definition: Route = routes[name];
      const { params, query, body, ifMatch, idempotencyKey } = request as Parts;
      const url = new URL(apiPrefix + fill(definition.path, params ?? {}), baseUrl);
      for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) url.searchParams.set(key, String(value));
      const response = await send(url, {
        method: definition.method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
      });
      const text = await response.text();
      if (!response.ok) throw problemOf(response.status, text, url);
      const answer: unknown = text === '' ? null : JSON.parse(text);
      return check(definition.response, answer, { what: `answer of ${definition.method} ${url.pathname}`, code: 'internal' }) as AnswerOf<typeof name>;
    },
  };
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/:([a-z]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'TimeoutError') throw new Fault('timed-out', `no answer from ${url.origin} in time`, {}, cause);
    throw new Fault('unreachable', `no manager answers at ${url.origin}: is it running, and is the address right?`, {}, cause);
  }
}

function problemOf(status: number, text: string, url: URL): Fault {
  const problem = Problem.safeParse(tryJson(text));
  if (!problem.success) return new Fault('internal', `${url.origin} answered ${status} without a problem document; is this a Pier manager?`);
  const code = problem.data.code;
  return new Fault(isFaultCode(code) ? code : 'internal', problem.data.detail);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Anything else than JSON is no problem document; the caller says so.
    return undefined;
  }
}
