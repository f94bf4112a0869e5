/** Requests that are well-formed but for one thing: for tests that ask a manager nonsense in every field of every route. */
import * as z from 'zod';
import { type Route, type RouteName, Problem, apiPrefix, routes } from '@pier/shared/api';

export type Nonsense = { readonly method: string; readonly path: string; readonly query?: readonly (readonly [string, string])[]; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };
type Json = unknown;

const digest = `sha256:${'0'.repeat(64)}`;
const envelope = { payloadType: 'application/vnd.pier.policy+json', payload: 'e30=', signatures: [{ sig: 'AA==' }] };
const plan = {
  release: 'none',
  name: 'nonsense',
  selector: 'not exists(nonsense)',
  mode: 'static',
  waves: [{ take: { by: 'count', count: 1 }, gate: { successPercent: 90, failurePercent: 5, failureSampleMin: 1, presentPercent: 50 }, soakS: 1, advance: 'auto' }, { take: { by: 'rest' } }],
  soakS: 0,
  deadlineS: 60,
  maxInFlight: 5,
  onFailure: 'pause',
  horizonS: 60,
};

/** One well-formed body of each route that takes one. */
const bodies: Readonly<Partial<Record<RouteName, Json>>> = {
  createToken: { uses: 1, expiresInS: 60, tags: { site: 'a' }, approval: true },
  signOperator: { name: 'ann', csr: 'none' },
  changeMe: { was: 'not this one', password: 'a password long enough' },
  setUp: { code: 'AAAA-BBBB-CCCC', user: 'nobody', password: 'a password long enough' },
  logIn: { user: 'nobody', password: 'wrong' },
  putView: { query: 'standing=offline' },
  createUser: { name: 'nobody', role: 'viewer', password: 'short' },
  changeUser: { role: 'viewer' },
  createApiToken: { name: 'ci', role: 'viewer', expiresInS: 60 },
  changeDevice: { name: 'porch', tags: { site: 'a' } },
  tagDevices: { devices: ['nobody'], setTags: { site: 'a' }, removeTags: ['line'], remark: 'why not' },
  commandApp: { verb: 'app.stop', app: 'blink', remark: 'why not' },
  actOnSimBoard: { act: 'press', part: 'button', ms: 100 },
  approveDevice: { remark: 'why not' },
  revokeDevice: { remark: 'why not' },
  putBindings: { led: { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'], safe: 'low' }, meter: { kind: 'serial', path: '/dev/ttyUSB0' } },
  assignApp: { release: 'none', soakS: 1, remark: 'why not' },
  putPolicy: envelope,
  createRelease: { repository: 'apps/blink', digest },
  withdrawRelease: { remark: 'why not' },
  forecastRollout: plan,
  createRollout: plan,
  actOnRollout: { verb: 'exclude', devices: ['nobody'], remark: 'why not' },
};
type Params = Readonly<Record<string, string>>;
const paramsOfNothing: Params = { device: 'nobody', app: 'blink', id: 'none', user: 'nobody', name: 'mine' };

const texts = ['', ' ', '\0', 'a\0b', '..', '../../etc/passwd', "x' or '1'='1", '💥', '\u202e', 'x'.repeat(10_000), '-1', '0', '1e999', '999999999999999999999', 'NaN', 'null', 'true', '[]', '{}', '__proto__', 'constructor', 'toString', '%00', '%', '\n', 'a=b', '((((', "site in ('", 'not '.repeat(400)];
const deep = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner], []);
const numbers = [-1, 0, 1.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 53, 5e-324];
const prototypes: readonly unknown[] = [JSON.parse('{"__proto__":{"role":"admin"}}'), { constructor: { prototype: { role: 'admin' } } }, { toString: 1, valueOf: 2, hasOwnProperty: 3 }];
const values: readonly unknown[] = [...texts, '\ud800', ...numbers, null, true, [], [null], ['\0'], [[]], {}, { '': '' }, { a: { b: { c: [] } } }, deep, Array.from({ length: 10_001 }, () => 'a'), ...prototypes];
const tags = ['', '7', '"', '""', '"-1"', '"1.5"', '"999999999999999999999"', 'W/"1"', '"1", "2"', '*', '"1"', '**', 'x'.repeat(4_000)];
const keys = ['', ' ', 'a b', 'k', 'k', 'x'.repeat(128), 'x'.repeat(129), "' or 1=1", '\u00e9', '*'];

function fill(path: string, params: Params): string {
  return apiPrefix + path.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}

function keysOf(schema: z.ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** What is put deep inside, where the same schemas are met again and again. */
const fewValues: readonly unknown[] = ['', '\0', 'x'.repeat(10_000), '__proto__', -1, 1.5, 1e308, 2 ** 53, null, [], {}, prototypes[0]];

/** Every copy of a value in which one thing is something else, is gone, or has a companion. */
export function* spoiledCopies(value: Json, depth = 0): Generator {
  yield* depth < 2 ? values : fewValues;
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) for (const spoiled of spoiledCopies(item, depth + 1)) yield value.with(at, spoiled);
    return;
  }
  yield { ...value, unknown: 1 };
  yield Object.assign(JSON.parse('{"__proto__":{}}'), value);
  for (const [key, member] of Object.entries(value)) {
    const { [key]: _gone, ...rest } = value as Record<string, Json>;
    yield rest;
    for (const spoiled of spoiledCopies(member, depth + 1)) yield { ...rest, [key]: spoiled };
  }
}

/** Every request that spoils one thing of a route; `given` names things that are there, so that what is sound gets further. */
export function* spoiledRequests(name: RouteName, given: Params = {}): Generator<Nonsense> {
  const params = { ...paramsOfNothing, ...given };
  const { method, path, params: inPath, query, body: schema, ifMatch }: Route = routes[name];
  const body = bodies[name];
  const sound = { method, path: fill(path, params), ...(schema && { body }), ...(ifMatch && { headers: { 'if-match': '*' } }) };
  for (const key of keysOf(inPath)) for (const text of texts) if (text !== '..') yield { ...sound, path: fill(path, { ...params, [key]: text }) };
  for (const key of [...keysOf(query), 'unknown', '__proto__']) {
    for (const text of texts) yield { ...sound, query: [[key, text]] };
    yield { ...sound, query: [[key, '1'], [key, '2']] };
    yield { ...sound, query: [[`${key}[a]`, '1']] };
  }
  for (const tag of ifMatch ? tags : []) yield { ...sound, headers: { 'if-match': tag } };
  if (method === 'POST') for (const key of keys) yield { ...sound, headers: { ...sound.headers, 'idempotency-key': key } };
  if (schema === undefined) yield { ...sound, body: { a: 1 } };
  else for (const spoiled of spoiledCopies(body)) yield { ...sound, body: spoiled };
}

export type Answer = { readonly status: number; readonly type: string; readonly text: string };

/** Asks a manager; of a stream only the head is read. */
export async function askNonsense({ method, path, query = [], body, headers = {} }: Nonsense, { baseUrl, token }: { baseUrl: string; token: string }): Promise<Answer> {
  const url = new URL(path, baseUrl);
  for (const [key, value] of query) url.searchParams.append(key, value);
  const stop = new AbortController();
  const canCarry = method !== 'GET';
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined || !canCarry ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined || !canCarry ? {} : { body: JSON.stringify(body) }),
    signal: stop.signal,
  });
  const type = response.headers.get('content-type') ?? '';
  const text = type.startsWith('text/event-stream') ? '' : await response.text();
  stop.abort();
  return { status: response.status, type, text };
}

/** Either it was taken, or a problem with a code says why not; that the manager broke is neither. */
export function isFit({ status, type, text }: Answer): boolean {
  if (status < 400) return true;
  if (status >= 500 || !type.startsWith('application/problem+json')) return false;
  const problem = Problem.safeParse(JSON.parse(text));
  return problem.success && problem.data.status === status && problem.data.code !== 'internal' && problem.data.detail !== '';
}
