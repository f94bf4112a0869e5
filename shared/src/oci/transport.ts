import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { type Clock, Fault, type FaultCode, systemClock, toFault } from '../core/index.ts';
import { type Agents, type RegistryTls, openConnections } from './connections.ts';
import { type Pace, paced, slowestPace } from './pace.ts';

export type RegistryOptions = {
  /** `https://host:port`, or `http://` where only hashes and signatures are relied upon. */
  readonly origin: string;
  /** A function is asked at each request: an identity may be renewed. */
  readonly tls?: RegistryTls | (() => RegistryTls);
  readonly basic?: { readonly user: string; readonly password: string };
  readonly timeoutMs?: number;
  readonly pace?: Pace;
  readonly clock?: Clock;
};

export type Request = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Below the origin, or a whole URL that the registry gave. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** How long the whole exchange may take, body included. */
  readonly timeoutMs?: number;
};

export type Response = { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly url: URL; body(): AsyncIterable<Uint8Array>; bytes(sizeBytesMax: number): Promise<Uint8Array>; drop(): void };

export type Transport = Disposable & {
  readonly origin: URL;
  /** One exchange, redirects of GET and HEAD followed. Faults: `unreachable`, `timed-out`, `registry-error`. */
  send(request: Request, signal: AbortSignal): Promise<Response>;
};

const redirectsMax = 5;
/** How often a registry may put one request off, and the longest time that it may ask for at once. */
const delays = { max: 3, mostMs: 60_000 } as const;

/**
 * HTTP to one registry: connections kept, deadlines on whole exchanges, every body capped by its reader.
 * The attack this stops: a redirect that carries credentials to another host, or off TLS.
 */
export function createTransport({ origin: text, tls = {}, basic, timeoutMs = 30_000, pace = slowestPace, clock = systemClock }: RegistryOptions): Transport {
  const origin = originOf(text, basic !== undefined);
  const authorization = basic === undefined ? undefined : `Basic ${Buffer.from(`${basic.user}:${basic.password}`).toString('base64')}`;
  const connections = openConnections(typeof tls === 'function' ? tls : () => tls);
  return {
    origin,
    send: async (request, caller) => {
      const ms = request.timeoutMs ?? timeoutMs;
      const endMs = clock.monotonicMs() + ms;
      const deadline = AbortSignal.timeout(ms);
      const limits: Limits = { caller, deadline, signal: AbortSignal.any([caller, deadline]), pace, clock };
      let url = new URL(request.url, origin);
      let put = 0;
      for (let hop = 0; hop <= redirectsMax; ) {
        const trusted = url.origin === origin.origin;
        const headers = { 'accept-encoding': 'identity', ...request.headers, ...(trusted && authorization !== undefined ? { authorization } : {}) };
        const response = await exchange({ ...request, headers }, url, { agents: connections.of(trusted), limits });
        const waitMs = put < delays.max ? delayOf(request, response) : undefined;
        if (waitMs !== undefined && clock.monotonicMs() + waitMs < endMs) {
          response.drop();
          put += 1;
          await pause(waitMs, url, limits);
          continue;
        }
        const next = redirectOf(request, response);
        if (next === undefined) return response;
        response.drop();
        url = next;
        hop += 1;
      }
      throw new Fault('registry-error', `${origin.host} redirected more than ${redirectsMax} times`);
    },
    [Symbol.dispose]: () => connections[Symbol.dispose](),
  };
}

/** The one form in which senders write dates (RFC 9110, 5.6.7). */
const httpDate = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/** How long the registry asks to be left alone (RFC 9110, Retry-After); undefined where it does not, or asks for more than is its due. */
function delayOf({ method, body }: Request, { status, headers }: Response): number | undefined {
  const asked = headers['retry-after'];
  if ((status !== 429 && status !== 503) || asked === undefined || (method !== 'GET' && method !== 'HEAD') || body !== undefined) return undefined;
  // A date counts from the registry's own clock: ours may be years wrong.
  const ms = /^\d{1,6}$/.test(asked) ? Number(asked) * 1_000 : httpDate.test(asked) ? Date.parse(asked) - Date.parse(headers.date ?? '') : Number.NaN;
  return Number.isNaN(ms) || ms > delays.mostMs ? undefined : Math.max(ms, 250);
}

async function pause(ms: number, url: URL, limits: Limits): Promise<void> {
  try {
    await limits.clock.sleep(ms, limits.signal);
  } catch (thrown) {
    throw faultOf(thrown, url, limits);
  }
}

function originOf(text: string, credentials: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.pathname !== '/' || url.search !== '') throw new Fault('input-invalid', `a registry's origin is http(s)://host[:port], got "${text.slice(0, 200)}"`);
  const loopback = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname);
  if (credentials && url.protocol === 'http:' && !loopback) throw new Fault('input-invalid', `credentials for ${url.host} are not sent over plain HTTP; use https://`);
  return url;
}

type Limits = { readonly caller: AbortSignal; readonly deadline: AbortSignal; readonly signal: AbortSignal; readonly pace: Pace; readonly clock: Clock };

async function exchange(request: Request, url: URL, on: { agents: Agents; limits: Limits }): Promise<Response> {
  try {
    return await attempt(request, url, on);
  } catch (thrown) {
    // A kept connection that the registry closed just now says nothing about the registry: ask once more on a new one.
    if (!(thrown instanceof StaleConnection) || request.body !== undefined) throw thrown instanceof StaleConnection ? thrown.fault : thrown;
    return await attempt(request, url, on, { fresh: true });
  }
}

class StaleConnection extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

async function attempt(request: Request, url: URL, { agents, limits }: { agents: Agents; limits: Limits }, { fresh = false } = {}): Promise<Response> {
  const secure = url.protocol === 'https:';
  const agent = secure ? agents.https : agents.http;
  // On a connection of the same kind: one of Node's own would believe every public authority, and show no certificate.
  if (fresh) for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
  const length = request.body?.byteLength ?? (request.method === 'POST' || request.method === 'PUT' ? 0 : undefined);
  const headers = { ...request.headers, ...(length === undefined ? {} : { 'content-length': String(length) }) };
  const options = { method: request.method, headers, agent, signal: limits.signal };
  const outgoing = secure ? https.request(url, options) : http.request(url, options);
  // After the head of the answer, troubles show in its body; without a listener they would end the process.
  outgoing.on('error', () => {});
  try {
    outgoing.end(request.body);
    const [incoming] = (await once(outgoing, 'response')) as [http.IncomingMessage];
    return responseOf(incoming, url, limits);
  } catch (thrown) {
    const fault = faultOf(thrown, url, limits);
    throw !fresh && outgoing.reusedSocket && fault instanceof Fault && fault.code === 'unreachable' ? new StaleConnection(fault) : fault;
  }
}

function responseOf(incoming: http.IncomingMessage, url: URL, limits: Limits): Response {
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* paced(incoming, { ...limits, who: url.host });
    } catch (thrown) {
      throw faultOf(thrown, url, limits);
    } finally {
      incoming.destroy();
    }
  };
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    url,
    body,
    bytes: (sizeBytesMax) => collect(body(), sizeBytesMax, `an answer of ${url.host}`),
    drop: () => incoming.destroy(),
  };
}

/** Reads a body whole. Faults: `too-large`, before the surplus is kept. */
export async function collect(source: AsyncIterable<Uint8Array>, sizeBytesMax: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let seenBytes = 0;
  for await (const chunk of source) {
    seenBytes += chunk.byteLength;
    if (seenBytes > sizeBytesMax) throw new Fault('too-large', `${what} exceeds ${sizeBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, seenBytes);
}

/** A caller's abort passes as itself; our own deadline and the network's troubles become faults. */
function faultOf(thrown: unknown, url: URL, { caller, deadline }: Limits): unknown {
  if (thrown instanceof Fault) return thrown;
  if (caller.aborted) return caller.reason;
  if (deadline.aborted) return new Fault('timed-out', `registry ${url.host} did not finish its answer in time`, {}, thrown);
  const { message } = toFault(thrown);
  return new Fault('unreachable', `registry ${url.host}: ${message}`, {}, thrown);
}

function redirectOf(request: Request, response: Response): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.location ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new Fault('registry-error', `${response.url.host} redirected a ${request.method}, which is not followed`);
  if (location === '' || !URL.canParse(location, response.url.href)) throw new Fault('registry-error', `${response.url.host} redirected to nowhere`);
  const next = new URL(location, response.url);
  if (next.protocol !== 'https:' && next.protocol !== response.url.protocol) throw new Fault('registry-error', `${response.url.host} redirected off TLS to ${next.protocol}//${next.host}`);
  return next;
}

const codes: Readonly<Record<number, FaultCode>> = { 401: 'unauthenticated', 403: 'forbidden', 404: 'not-found', 413: 'too-large', 429: 'too-many-requests', 507: 'disk-low' };

/** Passes an answer with one of the wanted statuses; faults with the registry's own words otherwise. */
export async function expectStatus(response: Response, wanted: readonly number[], what: string): Promise<Response> {
  if (wanted.includes(response.status)) return response;
  const said = await wordsOf(response);
  throw new Fault(codes[response.status] ?? 'registry-error', `${what}: registry ${response.url.host} answered ${response.status}${said === '' ? '' : ` (${said})`}`, { status: response.status });
}

/** The code and message of an OCI error body, made fit for a log line. */
async function wordsOf(response: Response): Promise<string> {
  try {
    const text = Buffer.from(await response.bytes(16 << 10)).toString('utf8');
    const words = [...text.matchAll(/"(?:code|message)"\s*:\s*"([^"\\]{1,300})"/g)].map((match) => match[1] ?? '').slice(0, 2);
    // The code for "none of the others" tells nobody anything beside a sentence.
    return words.filter((word) => word !== 'UNKNOWN' || words.length === 1).join(': ').replace(/[^\x20-\x7e]/g, '?');
  } catch {
    // The status alone says enough when the body cannot be read.
    return '';
  }
}
