/** What surrounds an agent in its own tests: a registry on loopback that may lie, a simulated board as a process, keys and a policy. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AppName, type Digest, Version, systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Asks, Limits, capabilityKinds } from '@pier/shared/capability';
import { type SimOrder, type SimResult, simClient } from '@pier/shared/hardware';
import { mediaTypes, packArtifact, parseArtifactManifest } from '@pier/shared/oci';
import { type Envelope, type KeyPair, TrustPolicy, generateKeyPair, makeSignature, payloadTypes, signEnvelope } from '@pier/shared/signing';
import { spawnNode } from '@pier/shared/process';

export const keys = { root: generateKeyPair(), release: generateKeyPair(), scheduler: generateKeyPair(), operator: generateKeyPair(), stranger: generateKeyPair() };

type Policy = { number?: number; releases?: readonly KeyPair[]; by?: KeyPair; prefixes?: readonly string[] };

export function policyEnvelope({ number = 1, releases = [keys.release], by = keys.root, prefixes = ['manager/apps'] }: Policy = {}): Envelope {
  const policy = TrustPolicy.parse({
    number,
    root: { id: by.id, pem: by.publicPem },
    keys: [
      ...releases.map((key, index) => ({ id: key.id, name: `release-${index}`, role: 'release', pem: key.publicPem })),
      { id: keys.scheduler.id, name: 'manager', role: 'scheduler', pem: keys.scheduler.publicPem },
      { id: keys.operator.id, name: 'alice', role: 'operator', pem: keys.operator.publicPem },
    ],
    scopes: prefixes.map((prefix) => ({ prefix, keys: releases.map((key) => key.id), capabilities: [...capabilityKinds] })),
    bindings: 'manager',
    permits: 'optional',
    unsignedCommands: 'readOnly',
  });
  return signEnvelope({ payloadType: payloadTypes.policy, payload: JSON.stringify(policy), privatePem: by.privatePem });
}

export type Release = { readonly digest: Digest; readonly layer: Digest; readonly config: Digest; readonly counter: number; readonly version: Version };
type Pushed = { app?: string; counter?: number; wasm: Uint8Array; asks?: unknown; limits?: unknown; signers?: readonly KeyPair[] };

/** A registry that serves what was put into it, and breaks on demand. */
export type SiteRegistry = AsyncDisposable & {
  readonly url: string;
  push(what: Pushed): Release;
  /** Serves these bytes under the true digest. */
  corrupt(digest: Digest, bytes: Uint8Array): void;
  /** Answers nothing for this digest until `release` is called. */
  hold(digest: Digest): { readonly release: () => void };
  /** Answers 503 to everything while true. */
  down: boolean;
  readonly requests: string[];
};

type Shelf = { readonly blobs: Map<string, Uint8Array>; readonly referrers: Map<string, object[]>; readonly held: Map<string, Promise<void>> };

export async function startRegistry(): Promise<SiteRegistry> {
  const shelf: Shelf = { blobs: new Map(), referrers: new Map(), held: new Map() };
  const requests: string[] = [];
  const state = { down: false };
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (state.down) response.writeHead(503).end();
    else void answer(request.url ?? '', response, shelf);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get down() {
      return state.down;
    },
    set down(down) {
      state.down = down;
    },
    push: (what) => push(shelf, what),
    corrupt: (digest, bytes) => void shelf.blobs.set(digest, bytes),
    hold: (digest) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      shelf.held.set(digest, promise);
      return { release: resolve };
    },
    [Symbol.asyncDispose]: () => closed(server),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

async function answer(url: string, response: ServerResponse, { blobs, referrers, held }: Shelf): Promise<void> {
  const [, kind = '', digest = ''] = /^\/v2\/[^?]+\/(manifests|blobs|referrers)\/([^?]+)/.exec(url) ?? [];
  await held.get(digest);
  if (kind === 'referrers') {
    response.writeHead(200, { 'content-type': mediaTypes.index }).end(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: referrers.get(digest) ?? [] }));
    return;
  }
  const bytes = blobs.get(digest);
  if (!bytes) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[{"code":"NOT_FOUND","message":"no such thing"}]}');
  response.writeHead(200, { 'content-type': kind === 'manifests' ? mediaTypes.manifest : 'application/octet-stream', 'content-length': bytes.byteLength }).end(bytes);
}

function push({ blobs, referrers }: Shelf, { app = 'blink', counter = 1, wasm, asks = {}, limits = {}, signers = [keys.release] }: Pushed): Release {
  const version = Version.parse(`1.0.${counter}`);
  const artifact = packArtifact({ wasm, app: AppName.parse(app), version, counter, asks: Asks.parse(asks), limits: Limits.parse(limits), title: 'app.wasm' });
  for (const { digest, bytes } of [artifact.config, artifact.layer, { digest: artifact.digest, bytes: artifact.manifest }]) blobs.set(digest, bytes);
  const attached = signers.map((signer) => {
    const { manifest, bundle } = makeSignature({ digest: artifact.digest, manifestSizeBytes: artifact.manifest.byteLength, privatePem: signer.privatePem });
    blobs.set(digestOf(manifest), manifest);
    blobs.set(digestOf(bundle), bundle);
    blobs.set(digestOf('{}'), Buffer.from('{}'));
    return { mediaType: mediaTypes.manifest, digest: digestOf(manifest), size: manifest.byteLength, artifactType: mediaTypes.bundle };
  });
  referrers.set(artifact.digest, attached);
  const { config, layer } = parseArtifactManifest(artifact.manifest);
  return { digest: artifact.digest, layer: layer.digest, config: config.digest, counter, version };
}

const simulator = fileURLToPath(new URL('../../firmware-sim/src/main.ts', import.meta.url));

export type SiteBoard = AsyncDisposable & {
  readonly dir: string;
  readonly record: string;
  /** Says something to the board from outside, as a person or a cable would. */
  order(order: SimOrder): Promise<SimResult>;
};

/** A simulated Raspberry Pi in a process of its own; its record says what really happened on the pins. */
export async function startBoard(folder: string, parts: readonly object[] = []): Promise<SiteBoard> {
  const file = join(folder, 'board.json');
  writeFileSync(file, JSON.stringify({ model: 'raspberry-pi-4b', parts: [{ part: 'led', name: 'led', line: 'GPIO17' }, ...parts] }));
  const dir = join(folder, 'board');
  const board = spawnNode([simulator, 'board', file, '--dir', dir, '--ready', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { stdout } = board.child;
  if (!stdout) throw new Error('the simulator has no stdout');
  await once(createInterface({ input: stdout }), 'line');
  return {
    dir,
    record: join(dir, 'record.ndjson'),
    order: async (order) => {
      await using client = simClient({ socket: connect(join(dir, 'board.sock')), clock: systemClock });
      return await client.request(order, AbortSignal.timeout(30_000));
    },
    [Symbol.asyncDispose]: () => board[Symbol.asyncDispose](),
  };
}
