import { type Server, createServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { type Digest, DeviceId, silentLog, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { mediaTypes } from '@pier/shared/oci';
import { listen } from '../net/index.ts';
import { type Access, type Registry, type RegistryLimits, openRegistry } from '../registry/index.ts';
import { temporaryFolder } from './identities.ts';

export type Reply = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer; readonly code: string | undefined };
export type Sent = { readonly body?: Uint8Array | string; readonly headers?: Record<string, string>; readonly as?: keyof typeof people };

const people = {
  pusher: { kind: 'user', user: 'ci', may: 'push' },
  reader: { kind: 'user', user: 'bob', may: 'pull' },
  device: { kind: 'device', device: DeviceId.parse('dev-a') },
  nobody: { kind: 'anonymous' },
} as const satisfies Record<string, Access>;

/** A real registry on a real HTTP port; who asks is taken from a header, as the listener would decide it. */
export class RegistryWorld implements AsyncDisposable {
  readonly dir: string;
  readonly #dropDir: () => Promise<void>;
  #registry: Registry;
  #server: Server;
  #port: number;

  private constructor(given: { dir: string; dropDir: () => Promise<void>; registry: Registry; server: Server; port: number }) {
    this.dir = given.dir;
    this.#dropDir = given.dropDir;
    this.#registry = given.registry;
    this.#server = given.server;
    this.#port = given.port;
  }

  static async open(limits: Partial<RegistryLimits> = {}): Promise<RegistryWorld> {
    const folder = await temporaryFolder('registry');
    const opened = await serve(folder.path, limits);
    return new RegistryWorld({ dir: folder.path, dropDir: async () => folder[Symbol.asyncDispose](), ...opened });
  }

  get registry(): Registry {
    return this.#registry;
  }

  get port(): number {
    return this.#port;
  }

  /** As after kill -9: the old one gets no chance to tidy up. */
  async restart(limits: Partial<RegistryLimits> = {}): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    const opened = await serve(this.dir, limits);
    [this.#registry, this.#server, this.#port] = [opened.registry, opened.server, opened.port];
  }

  ask(method: string, path: string, { body, headers = {}, as = 'pusher' }: Sent = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: this.#port, method, path, agent: false, headers: { 'x-as': as, ...(body === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const shown = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
          resolve({ status: response.statusCode ?? 0, headers: shown, body: bytes, code: /"code":"([A-Z_]+)"/.exec(bytes.toString('latin1').slice(0, 200))?.[1] });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async pushBlob(repository: string, bytes: Uint8Array | string): Promise<{ digest: Digest; size: number }> {
    const digest = digestOf(bytes);
    const reply = await this.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes });
    if (reply.status !== 201) throw new Error(`blob push: ${reply.status} ${reply.body.toString()}`);
    return { digest, size: Buffer.byteLength(bytes) };
  }

  /** Pushes config, layer and a manifest of them. */
  async pushImage(repository: string, reference: string, { layer = 'layer', ...more }: { layer?: string; [member: string]: unknown } = {}): Promise<{ digest: Digest; bytes: string; layer: Digest; reply: Reply }> {
    const config = await this.pushBlob(repository, '{}');
    const content = await this.pushBlob(repository, layer);
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: { mediaType: 'application/vnd.test.config+json', ...config }, layers: [{ mediaType: 'application/wasm', ...content }], ...more });
    const reply = await this.ask('PUT', `/v2/${repository}/manifests/${reference}`, { body: manifest, headers: { 'content-type': mediaTypes.manifest } });
    return { digest: digestOf(manifest), bytes: manifest, layer: content.digest, reply };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#registry[Symbol.asyncDispose]();
    await this.#dropDir();
  }
}

async function serve(dir: string, limits: Partial<RegistryLimits>): Promise<{ registry: Registry; server: Server; port: number }> {
  const registry = await openRegistry({ dir: join(dir, 'registry'), clock: systemClock, log: silentLog, limits });
  const server = createServer((request, response) => {
    const named = Object.entries(people).find(([name]) => name === request.headers['x-as']);
    void registry.handle(request, response, named?.[1] ?? people.nobody);
  });
  return { registry, server, port: await listen(server, { host: '127.0.0.1', port: 0 }) };
}
