import type * as z from 'zod';
import { type Clock, Fault, check, isFaultCode, systemClock } from '../core/index.ts';
import { Problem } from './common.ts';
import { serverEvents } from './event-stream.ts';
import { type Route, apiPrefix } from './route.ts';
import { type RouteName, type Routes, type StreamName, routes } from './routes.ts';

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

/** One event of a stream; whoever comes back after a lost line names the last `id` that it got as `after`. */
export type Followed<N extends StreamName> = { readonly id: string | undefined; readonly data: AnswerOf<N> };

export type ApiClient = {
  call<N extends Exclude<RouteName, StreamName>>(name: N, request: CallOf<N>, signal?: AbortSignal): Promise<AnswerOf<N>>;
  /** Events until the line is lost or silent, which ends the sequence or is a fault; the caller decides whether to come back. */
  follow<N extends StreamName>(name: N, from: { readonly after?: string | undefined; /** Called once it is open, before the first event. */ readonly onOpen?: () => void }, signal?: AbortSignal): AsyncGenerator<Followed<N>>;
};

/** How often a silence is looked for in the time after which it is one. */
const looksPerSilence = 4;

export type ClientOptions = {
  readonly baseUrl: string;
  /** Without one, a browser's session cookie says who asks. */
  readonly token?: string;
  readonly timeoutMs?: number;
  /** Hears of each answer: its status, and the server's time (RFC 9110, §6.6.1). */
  readonly onAnswer?: (answer: { readonly status: number; readonly date: string | null }) => void;
  /** The server says something on a stream at least every 15 s. */
  readonly silenceMaxMs?: number;
  readonly clock?: Clock;
};

/**
 * The typed client of the HTTP API. Faults carry the code of the manager's problem document; `unreachable` when nobody answers.
 */
export function apiClient({ baseUrl, token, onAnswer, timeoutMs = 30_000, silenceMaxMs = 60_000, clock = systemClock }: ClientOptions): ApiClient {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    call: async (name, request, signal) => {
      const definition: Route = routes[name];
      const { params, query, body, ifMatch, idempotencyKey } = request as Parts;
      const url = new URL(apiPrefix + fill(definition.path, params ?? {}), baseUrl);
      for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) url.searchParams.set(key, String(value));
      const headers = {
        ...authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      };
      const within = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
      const response = await send(url, { method: definition.method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }), signal: within });
      onAnswer?.({ status: response.status, date: response.headers.get('date') });
      const text = await response.text().catch((cause: unknown) => {
        throw lost(cause, url, `the answer of ${url.origin} broke off`);
      });
      if (!response.ok) throw problemOf(response.status, text, url);
      return checked(name, text === '' ? null : tryJson(text));
    },
    follow: async function* (name, { after, onOpen }, signal) {
      const url = new URL(apiPrefix + routes[name].path, baseUrl);
      const stop = new AbortController();
      const headers = { ...authorization, accept: 'text/event-stream', ...(after === undefined ? {} : { 'last-event-id': after }) };
      try {
        const response = await send(url, { headers, signal: AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]) });
        if (!response.ok || response.body === null) throw problemOf(response.status, await response.text(), url);
        onOpen?.();
        for await (const { id, data } of serverEvents(untilSilent(response.body, { clock, silenceMaxMs }))) yield { id, data: checked(name, tryJson(data)) };
      } catch (cause) {
        signal?.throwIfAborted();
        throw cause instanceof Fault ? cause : new Fault('unreachable', `the stream of ${url.origin} broke off`, {}, cause);
      } finally {
        stop.abort();
      }
    },
  };
}

function checked<N extends RouteName>(name: N, answer: unknown): AnswerOf<N> {
  const { response, method, path }: Route = routes[name];
  return check(response, answer, { what: `answer of ${method} ${apiPrefix}${path}`, code: 'internal' }) as AnswerOf<N>;
}

/** A line that is dead without saying so is silent. One timer for all of a stream, which looks whether a read has waited too long. */
async function* untilSilent(body: ReadableStream<Uint8Array>, { clock, silenceMaxMs }: { clock: Clock; silenceMaxMs: number }): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const reading: { sinceMs: number | undefined; silent: boolean } = { sinceMs: undefined, silent: false };
  using _watch = clock.every(silenceMaxMs / looksPerSilence, () => {
    if (reading.sinceMs === undefined || clock.monotonicMs() - reading.sinceMs < silenceMaxMs) return;
    reading.silent = true;
    reader.cancel().catch(() => {
      // The line broke at the same moment: the read says so.
    });
  });
  for (;;) {
    reading.sinceMs = clock.monotonicMs();
    const { done, value } = await reader.read();
    reading.sinceMs = undefined;
    if (reading.silent) throw new Fault('timed-out', `the stream was silent for ${silenceMaxMs / 1_000} s`);
    if (done) return;
    yield value;
  }
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/:([a-z]+)/g, (_, key: string) => {
    const part = params[key] ?? '';
    // An address is made shorter by these: it would be another one (WHATWG URL, "double-dot path segment").
    if (/^\.{0,2}$/.test(part)) throw new Fault('input-invalid', `"${part}" is no ${key}`);
    return encodeURIComponent(part);
  });
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw lost(cause, url, `no manager answers at ${url.origin}: is it running, and is the address right?`);
  }
}

function lost(cause: unknown, url: URL, says: string): Fault {
  if (cause instanceof Error && cause.name === 'TimeoutError') return new Fault('timed-out', `no answer from ${url.origin} in time`, {}, cause);
  return new Fault('unreachable', says, {}, cause);
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
