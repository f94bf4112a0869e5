/** A small registry for tests: real HTTP on loopback, everything in memory, and a place to misbehave. */
import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '../digest/index.ts';
import { mediaTypes } from './media-types.ts';

export type ToyOptions = {
  /** Whether it lists referrers by itself, names the subject without a list, or knows nothing of them. */
  readonly referrers?: 'api' | 'header-only' | 'none';
  /** How it names the place for an upload. */
  readonly location?: 'relative' | 'absolute' | 'with-query';
  /** Sees each request first; true when it has answered. */
  readonly meddle?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
};

type Stored = { readonly bytes: Buffer; readonly mediaType: string };

export class ToyRegistry implements AsyncDisposable {
  readonly manifests = new Map<string, Stored>();
  readonly blobs = new Map<string, Buffer>();
  readonly requests: { readonly line: string; readonly headers: http.IncomingHttpHeaders }[] = [];
  readonly #options: ToyOptions;
  readonly #server: http.Server;

  constructor(options: ToyOptions = {}) {
    this.#options = options;
    this.#server = http.createServer((request, response) => {
      this.requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
      if (options.meddle?.(request, response) !== true) void this.#answer(request, response);
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  lines(method: string): string[] {
    return this.requests.map(({ line }) => line).filter((line) => line.startsWith(method));
  }

  put(ref: string, bytes: Uint8Array, mediaType: string = mediaTypes.manifest): string {
    const stored = { bytes: Buffer.from(bytes), mediaType };
    this.manifests.set(digestOf(bytes), stored).set(ref, stored);
    return digestOf(bytes);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = Buffer.from(await buffer(request));
    const url = new URL(request.url ?? '', this.origin);
    const [, kind = '', name = ''] = /^\/v2\/.+?\/(manifests|blobs|referrers)\/(.+)$/.exec(url.pathname) ?? [];
    if (kind === 'manifests') this.#manifest({ request, response, name, body });
    else if (kind === 'referrers' && this.#options.referrers === 'api') this.#list(response, name);
    else if (kind === 'blobs' && name === 'uploads/') response.writeHead(202, { location: this.#location(url) }).end();
    else if (kind === 'blobs' && request.method === 'PUT') this.#keep(response, url, body);
    else if (kind === 'blobs') send(response, this.blobs.get(name), 'application/octet-stream');
    else send(response, undefined, '');
  }

  #location({ pathname, origin }: URL): string {
    const { location = 'relative' } = this.#options;
    return `${location === 'absolute' ? origin : ''}${pathname}7${location === 'with-query' ? '?_state=a%2Fb' : ''}`;
  }

  #keep(response: http.ServerResponse, url: URL, body: Buffer): void {
    const digest = digestOf(body);
    const asked = url.searchParams.get('digest');
    const state = this.#options.location === 'with-query' ? url.searchParams.get('_state') : 'a/b';
    if (asked !== digest || state !== 'a/b') return void response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID","message":"digest is not that of the body"}]}');
    this.blobs.set(digest, body);
    response.writeHead(201).end();
  }

  #manifest({ request, response, name, body }: { request: http.IncomingMessage; response: http.ServerResponse; name: string; body: Buffer }): void {
    if (request.method === 'PUT') {
      const current = this.manifests.get(name);
      if (request.headers['if-match'] !== undefined && current && request.headers['if-match'] !== etagOf(current)) return void response.writeHead(412).end();
      const digest = this.put(name, body, request.headers['content-type']);
      const { subject } = JSON.parse(body.toString()) as { subject?: { digest: string } };
      const named = subject && (this.#options.referrers ?? 'none') !== 'none' ? { 'oci-subject': subject.digest } : {};
      return void response.writeHead(201, { 'docker-content-digest': digest, ...named }).end();
    }
    const found = this.manifests.get(name);
    send(response, found?.bytes, found?.mediaType ?? '', found && { etag: etagOf(found), 'docker-content-digest': digestOf(found.bytes) });
  }

  #list(response: http.ServerResponse, subject: string): void {
    const unique = new Set(this.manifests.values());
    const manifests = [...unique].flatMap(({ bytes, mediaType }) => {
      const parsed = JSON.parse(bytes.toString()) as { subject?: { digest: string }; artifactType?: string };
      return parsed.subject?.digest === subject ? [{ mediaType, digest: digestOf(bytes), size: bytes.byteLength, artifactType: parsed.artifactType }] : [];
    });
    send(response, indexOf(manifests), mediaTypes.index);
  }
}

export function indexOf(manifests: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
}

function etagOf({ bytes }: Stored): string {
  return `"${digestOf(bytes)}"`;
}

function send(response: http.ServerResponse, bytes: Buffer | undefined, mediaType: string, headers: http.OutgoingHttpHeaders = {}): void {
  if (bytes) response.writeHead(200, { 'content-type': mediaType, 'content-length': bytes.byteLength, ...headers }).end(bytes);
  else response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}');
}
