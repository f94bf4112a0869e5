import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Route, Problem, routes } from '@pier/shared/api';
import { Fault, type Log, silentLog, systemClock } from '@pier/shared/core';
import { makeApp } from './app.ts';
import type { Act, Listen } from './bind.ts';
import type { Actor } from './handlers.ts';
import type { Asked as AskedOnce } from './once.ts';
import { openApiFile, openApiText } from './openapi.ts';
import { mayUse, roles } from './permission.ts';

/** What a handler shall do next; it says what it was asked when it does nothing special. */
let act: Act;
const failures: object[] = [];
const log: Log = { ...silentLog, error: (fields) => failures.push(fields) };
/** What a stream tells to whoever comes, and what it was asked. */
let listen: Listen;
const keyed: AskedOnce[] = [];
const actors: Readonly<Record<string, Actor>> = Object.fromEntries(roles.map((role) => [role, { name: role, role }]));

let silent: string | undefined;
let app: Awaited<ReturnType<typeof makeApp>>;
let port: number;
beforeAll(async () => {
  const once = (one: AskedOnce, perform: () => Promise<unknown>) => {
    keyed.push(one);
    return perform();
  };
  app = await makeApp({ act: (name, parts) => act(name, parts), listen: (...parts) => listen(...parts), once, silent: () => silent, clock: systemClock, identify: async ({ headers }) => actors[headers.authorization ?? ''], publicHosts: ['pier.example'], log });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  port = address.port;
});
afterAll(() => app.close());

type Asked = { method?: string; path: string; as?: string; body?: string | Buffer; headers?: Record<string, string> };
type Answer = { status: number; text: string; headers: Record<string, unknown> };

function ask({ method = 'GET', path, as, body, headers = {} }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers: { ...(as === undefined ? {} : { authorization: as }), ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }), ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function problem({ status, text, headers }: Answer): Problem {
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  const read = Problem.parse(JSON.parse(text));
  expect(read.status).toBe(status);
  return read;
}

const token = { path: '/api/v1/tokens', method: 'POST', as: 'operator' } as const;

test('a handler gets parts that were checked and filled in, and its answer goes out as it is', async () => {
  act = async (name, { body, actor }) => ({ id: name, token: JSON.stringify({ body, actor }), expiresAt: 'later', uses: 1 });
  const answer = await ask({ ...token, body: '{}' });
  expect(answer.status).toBe(201);
  expect(JSON.parse(JSON.parse(answer.text).token)).toEqual({ body: { uses: 1, expiresInS: 86_400, tags: {}, approval: false }, actor: { name: 'operator', role: 'operator' } });
});

test('an answer that breaks the contract is our failure: 500, logged, and nothing of it shown', async () => {
  failures.length = 0;
  act = async () => ({ id: 7, secret: 'do not show' });
  const answer = await ask({ ...token, body: '{}' });
  expect(problem(answer)).toMatchObject({ status: 500, code: 'internal' });
  expect(answer.text).not.toContain('do not show');
  expect(failures).toHaveLength(1);
});

test('a fault keeps its code and sentence; anything else thrown shows neither stack nor message', async () => {
  act = async () => Promise.reject(new Fault('policy-missing', 'no policy yet'));
  expect(problem(await ask({ ...token, body: '{}' }))).toMatchObject({ status: 409, code: 'policy-missing', detail: 'no policy yet' });
  act = async () => Promise.reject(new TypeError('cannot read passwords of undefined'));
  const answer = await ask({ ...token, body: '{}' });
  expect(problem(answer)).toMatchObject({ status: 500, code: 'internal' });
  expect(answer.text).not.toMatch(/passwords|\.ts/);
});

test('text that the database cannot hold is the mistake of whoever sent it', async () => {
  act = async () => Promise.reject(new Error('query failed', { cause: Object.assign(new Error('bad'), { code: '22021' }) }));
  expect(problem(await ask({ ...token, body: '{}' }))).toMatchObject({ status: 400, code: 'input-invalid' });
});

const everyRoute = Object.entries(routes as Readonly<Record<string, Route>>).map(([name, route]) => ({ name, route, url: `/api/v1${route.path.replace(/:[a-z]+/g, 'x')}` }));

test.each(everyRoute)('$name lets in its role and those above, and nobody else', async ({ route, url }) => {
  act = async () => Promise.reject(new Fault('conflict', 'let in'));
  listen = () => {
    throw new Fault('conflict', 'let in');
  };
  const asked = { method: route.method, path: url, ...(route.body === undefined ? {} : { body: '[]' }) };
  // Those let in fail later: at the checks of the parts, or in the handler.
  const outcome = (status: number): string => ([400, 409, 428].includes(status) ? 'let in' : String(status));
  const isPublic = route.permission === 'public';
  expect(outcome((await ask(asked)).status)).toBe(isPublic ? 'let in' : '401');
  for (const as of roles) expect(`${as} ${outcome((await ask({ ...asked, as })).status)}`).toBe(`${as} ${mayUse(as, route.permission) ? 'let in' : '403'}`);
});

test.each(['TRACE', 'QUERY', 'PATCH', 'DELETE', 'PROPFIND', 'OPTIONS'])('%s on a known path is 405 and says what is allowed', async (method) => {
  const answer = await ask({ method, path: '/api/v1/tokens', as: 'admin' });
  expect(problem(answer)).toMatchObject({ status: 405, code: 'method-not-allowed' });
  expect(answer.headers['allow']).toBe('GET, HEAD, POST');
});

test.each(['/nothing', '/api/v1/devices/a/b/c', '/api/v1/%2e%2e/devices', '/API/V1/devices', `/${'x'.repeat(5_000)}`])('there is nothing at %s', async (path) => {
  expect(problem(await ask({ path, as: 'admin' }))).toMatchObject({ status: 404 });
});

test.each(['/api/v1/devices/', '/api/v1/devices/%', '/api/v1/devices/%ff', '/api/v1/devices/%00', '/api/v1/devices?limit=x', '/api/v1/devices?limit=501', '/api/v1/devices?unknown=1', '/api/v1/devices?cursor=a&cursor=b'])('%s is refused', async (path) => {
  expect(problem(await ask({ path, as: 'admin' })).status).toBe(400);
});

test.each([
  ['broken', '{', 'json-invalid'],
  ['empty', '', 'json-invalid'],
  ['twice the same key', '{"uses":1,"uses":2}', 'json-invalid'],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'json-invalid'],
  ['a lone surrogate', '"\\ud800"', 'json-invalid'],
  ['a number out of range', '{"uses":1e400}', 'json-invalid'],
  ['too deep', `${'['.repeat(100)}${']'.repeat(100)}`, 'json-invalid'],
  ['another shape', '"text"', 'input-invalid'],
  ['an unknown key', '{"extra":1}', 'input-invalid'],
  ['__proto__', '{"__proto__":{"uses":2}}', 'input-invalid'],
  ['too large', JSON.stringify({ tags: { a: 'x'.repeat(2 << 20) } }), 'too-large'],
])('a body that is %s is refused', async (_what, body, code) => {
  expect(problem(await ask({ ...token, body })).code).toBe(code);
});

test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense'])('a body of type %s is refused', async (type) => {
  expect(problem(await ask({ ...token, body: '{}', headers: { 'content-type': type } }))).toMatchObject({ status: 415, code: 'media-type' });
});

test('while the database is silent everything is refused at once but the questions after that', async () => {
  act = async (name) => (name === 'ready' ? { ready: true } : { ok: false, database: false, broker: true, reasons: { database: 'it hangs' } });
  silent = 'it hangs';
  try {
    for (const path of ['/api/v1/devices', '/api/v1/me', '/api/v1/setup', '/api/v1/events']) {
      const answer = await ask({ path, as: 'admin' });
      expect([path, answer.status, JSON.parse(answer.text)]).toMatchObject([path, 503, { code: 'unreachable', detail: expect.stringContaining('it hangs') }]);
    }
    expect((await ask({ path: '/api/v1/health' })).status).toBe(200);
    expect((await ask({ path: '/api/v1/ready' })).status).toBe(200);
    expect((await ask({ path: '/api/v1/openapi.json' })).status).toBe(200);
  } finally {
    silent = undefined;
  }
});

test.each([
  ['Connection terminated unexpectedly', undefined, 503, 'unreachable'],
  ['Query read timeout', undefined, 503, 'unreachable'],
  ['timeout exceeded when trying to connect', undefined, 503, 'unreachable'],
  ['could not extend file', '53100', 507, 'disk-full'],
  ['terminating connection', '57P01', 503, 'unreachable'],
  ['connect ECONNREFUSED', 'ECONNREFUSED', 503, 'unreachable'],
])('"%s" of the database is said as what it is', async (message, code, status, said) => {
  act = () => Promise.reject(new Error('Failed query: select 1', { cause: Object.assign(new Error(message), code === undefined ? {} : { code }) }));
  const answer = await ask({ path: '/api/v1/me', as: 'viewer' });
  expect([answer.status, JSON.parse(answer.text).code]).toEqual([status, said]);
});

test('a name that is not ours is not answered, whatever it points to', async () => {
  act = async () => ({ ok: true, database: true, broker: true });
  const statusFor = async (host: string) => `${host} ${(await ask({ path: '/api/v1/health', headers: { host } })).status}`;
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.']) expect(await statusFor(host)).toBe(`${host} 403`);
  for (const host of ['localhost', `LOCALHOST:${port}`, '[::1]:1', 'pier.example']) expect(await statusFor(host)).toBe(`${host} 200`);
});

test('every answer forbids foreign scripts, frames and sniffing', async () => {
  for (const path of ['/api/v1/health', '/nothing', '/api/v1/devices']) {
    const { headers } = await ask({ path });
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  }
});

const acts = { method: 'POST', path: '/api/v1/rollouts/r-1/acts', as: 'operator', body: '{"verb":"pause"}' } as const;

test.each([
  ['is missing', {}, 428, 'revision-required'],
  ['is no ETag', { 'if-match': '7' }, 400, 'input-invalid'],
  ['is a weak ETag', { 'if-match': 'W/"7"' }, 400, 'input-invalid'],
  ['names two revisions', { 'if-match': '"7", "8"' }, 400, 'input-invalid'],
  ['is empty', { 'if-match': '' }, 400, 'input-invalid'],
  ['is too large a number', { 'if-match': `"${'9'.repeat(40)}"` }, 400, 'input-invalid'],
] as const)('a change that is decided on a revision is refused when If-Match %s', async (_what, headers, status, code) => {
  act = async () => Promise.reject(new Fault('internal', 'it was asked all the same'));
  expect(problem(await ask({ ...acts, headers }))).toMatchObject({ status, code });
});

test('the handler is told the revision of If-Match, and nothing for a star; who was slower gets 412', async () => {
  const seen: unknown[] = [];
  act = async (_name, parts) => {
    seen.push('ifMatch' in parts ? parts.ifMatch : 'nothing');
    throw new Fault('revision-stale', 'it is at revision 9 now');
  };
  for (const one of ['"7"', '*']) expect(problem(await ask({ ...acts, headers: { 'if-match': one } }))).toMatchObject({ status: 412, code: 'revision-stale', title: 'Precondition failed' });
  expect(problem(await ask({ ...token, body: '{}', headers: { 'if-match': '"7"' } }))).toMatchObject({ status: 412 });
  expect(seen).toEqual([7, undefined, 'nothing']);
});

test('an answer that carries a revision has it as its ETag', async () => {
  act = async () => ({ revision: 12, items: [] });
  expect((await ask({ path: '/api/v1/rollouts/r-1/verbs', as: 'viewer' })).headers['etag']).toBe('"12"');
  act = async () => ({ items: [], next: null });
  expect((await ask({ path: '/api/v1/rollouts', as: 'viewer' })).headers).not.toHaveProperty('etag');
});

test.each(['', 'two words', 'x'.repeat(129), 'caf\u00e9'])('an Idempotency-Key %j is refused', async (key) => {
  expect(problem(await ask({ ...token, body: '{}', headers: { 'idempotency-key': key } }))).toMatchObject({ status: 400, code: 'input-invalid' });
});

test('a key goes with who asks and a hash of all that was asked; only POST knows it, and only what was asked in a fit form', async () => {
  keyed.length = 0;
  act = async () => ({ id: 'a', token: 'b', expiresAt: 'c', uses: 1 });
  const headers = { 'idempotency-key': 'k' };
  for (const body of ['{"uses":1}', '{"uses":1}', '{"uses":2}', '{"uses":0}']) await ask({ ...token, body, headers });
  await ask({ ...token, body: '{}' });
  await ask({ path: '/api/v1/rollouts', as: 'viewer', headers });
  expect(keyed).toMatchObject([1, 2, 3].map(() => ({ user: 'operator', key: 'k', route: 'POST /tokens', status: 201 })));
  const [first, again, other] = keyed.map((one) => one.hash);
  expect(first).toBe(again);
  expect(first).not.toBe(other);
  expect(keyed[0]?.mayKeep({ id: 'a', token: 'b' })).toBe(false);
  act = async () => Promise.reject(new Fault('conflict', 'no'));
  for (const tag of ['"1"', '"2"']) await ask({ ...acts, headers: { ...headers, 'if-match': tag } });
  expect(keyed.slice(3).map((one) => one.mayKeep({ id: 'r' }))).toEqual([true, true]);
  expect(keyed[3]?.hash).not.toBe(keyed[4]?.hash);
});

function say(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (part: string) => (said += part));
    socket.once('end', () => resolve(said)).once('error', reject);
  });
}

test('what is no HTTP is answered with a problem too', async () => {
  expect(await say('HELO pier\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"input-invalid"/s);
  expect(await say(`GET / HTTP/1.1\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 .*"code":"too-large"/s);
  expect(await say('GET /api/v1/health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 .*"code":"forbidden"/s);
});

test('the OpenAPI document is served to everybody, and the committed one is up to date', async () => {
  const served = await ask({ path: '/api/v1/openapi.json' });
  expect(served.status).toBe(200);
  const committed = await readFile(openApiFile, 'utf8');
  // Not so? Write it: node manager/src/http/openapi.ts
  expect(await openApiText()).toBe(committed);
  expect(JSON.parse(served.text)).toEqual(JSON.parse(committed));
});

test('the OpenAPI document has every route under its name, and every reference in it leads somewhere', async () => {
  const document: { openapi: string; paths: Record<string, Record<string, { operationId: string }>>; components: { schemas: Record<string, unknown> } } = JSON.parse(await readFile(openApiFile, 'utf8'));
  expect(document.openapi).toBe('3.1.0');
  const named = Object.values(document.paths).flatMap((path) => Object.values(path).map((operation) => operation.operationId));
  expect(named.toSorted()).toEqual(Object.keys(routes).toSorted());
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? '');
  expect(references.length).toBeGreaterThan(0);
  expect(references.filter((name) => !(name in document.components.schemas))).toEqual([]);
});

test('the OpenAPI document says which headers a change wants, what each refusal is, and where an ETag comes from', async () => {
  type Operation = { parameters?: { in: string; name: string; required: boolean }[]; responses: Record<string, { description: string; headers?: object; content?: object }> };
  const document: { paths: Record<string, Record<string, Operation>> } = JSON.parse(await openApiText());
  const operation = (path: string, method: string): Operation => document.paths[`/api/v1${path}`]?.[method] ?? { responses: {} };
  const headers = ({ parameters = [] }: Operation) => parameters.filter((one) => one.in === 'header').map(({ name, required }) => `${name}${required ? '' : '?'}`);
  const change = operation('/rollouts/{id}/acts', 'post');
  expect(headers(change)).toEqual(['if-match', 'idempotency-key?']);
  expect(Object.entries(change.responses).map(([status, { description }]) => `${status} ${description}`)).toEqual(['200 Done', '409 Conflict', '412 Precondition failed', '428 Precondition required', 'default Why not']);
  expect(Object.keys(change.responses['412']?.content ?? {})).toEqual(['application/problem+json']);
  expect(Object.keys(change.responses['200']?.headers ?? {})).toEqual(['ETag']);
  expect(headers(operation('/tokens', 'post'))).toEqual(['idempotency-key?']);
  expect(headers(operation('/rollouts', 'get'))).toEqual([]);
  expect(headers(operation('/events', 'get'))).toEqual(['last-event-id?']);
  expect(Object.keys(operation('/events', 'get').responses['200']?.content ?? {})).toEqual(['text/event-stream']);
});
