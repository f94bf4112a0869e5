import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { mediaTypes } from './media-types.ts';
import { registryClient } from './registry-client.ts';
import { ToyRegistry } from './toy-registry.ts';
import { collect } from './transport.ts';

const signal = new AbortController().signal;
const manifest = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest });

describe('a body that is read whole', () => {
  async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
    for (const size of sizes) yield Buffer.alloc(size, 0x61);
  }
  test('may have its cap, and no byte more', async () => {
    expect(Buffer.from(await collect(chunks(3, 0, 2), 5, 'it')).toString()).toBe('aaaaa');
    await expect(collect(chunks(3, 3), 5, 'it')).rejects.toMatchObject({ code: 'too-large', message: 'it exceeds 5 bytes' });
  });

  test('ends its source at the first byte too many', async () => {
    let ended = false;
    async function* forever(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(1_000);
      } finally {
        ended = true;
      }
    }
    await expect(collect(forever(), 10_500, 'it')).rejects.toMatchObject({ code: 'too-large' });
    expect(ended).toBe(true);
  });
});

const openssl = (): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    // No such program here: there is nothing to make certificates with, and the tests say that they were skipped.
    return false;
  }
};

type Pair = { readonly cert: string; readonly key: string };
type Seen = { readonly subject: string | undefined; readonly authorization: string | undefined };

describe.skipIf(!openssl())('TLS (skipped where there is no openssl to make certificates)', () => {
  let server: Pair;
  let device: Pair;
  let foreign: Pair;
  beforeAll(() => {
    const dir = mkdtempSync(join(tmpdir(), 'pier-tls-'));
    const make = (name: string): Pair => {
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
      execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
      return { cert: readFileSync(join(dir, 'cert.pem'), 'utf8'), key: readFileSync(join(dir, 'key.pem'), 'utf8') };
    };
    [server, device, foreign] = [make('registry'), make('pi-1'), make('foreign')];
    rmSync(dir, { recursive: true });
  }, 60_000);

  /** A registry that notes who came; it serves one manifest, or sends people elsewhere. */
  async function listen(pair: Pair, elsewhere?: string, { droppedAt }: { droppedAt?: number } = {}) {
    const seen: Seen[] = [];
    const listener = https.createServer({ ...pair, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      seen.push({ subject: typeof subject?.CN === 'string' ? subject.CN : undefined, authorization: request.headers.authorization });
      if (seen.length === droppedAt) request.socket.destroy();
      else if (elsewhere === undefined) response.writeHead(200, { 'content-type': mediaTypes.manifest }).end(manifest);
      else response.writeHead(307, { location: elsewhere + (request.url ?? '') }).end();
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return {
      seen,
      origin: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`,
      [Symbol.asyncDispose]: async () => {
        listener.closeAllConnections();
        listener.close();
        await once(listener, 'close');
      },
    };
  }

  test('a registry of the given authority is heard, and is shown the certificate', async () => {
    await using at = await listen(server);
    using client = registryClient({ origin: at.origin, tls: { ca: server.cert, ...device } });
    expect(Buffer.from((await client.manifest('apps/blink', 'v1', signal)).bytes).toString()).toBe(manifest);
    expect(at.seen).toEqual([{ subject: 'pi-1', authorization: undefined }]);
  });

  test('one that closed a kept connection is asked again by the same authority, and shown the same certificate', async () => {
    await using at = await listen(server, undefined, { droppedAt: 2 });
    using client = registryClient({ origin: at.origin, tls: { ca: server.cert, ...device } });
    for (const _ of ['first', 'second']) await client.manifest('apps/blink', 'v1', signal);
    expect(at.seen.map(({ subject }) => subject)).toEqual(['pi-1', 'pi-1', 'pi-1']);
  });

  test('a registry of another authority, or of none that is known, is not heard', async () => {
    await using at = await listen(foreign);
    for (const tls of [{ ca: server.cert }, {}]) {
      using client = registryClient({ origin: at.origin, tls, basic: { user: 'ada', password: 'secret' } });
      await expect(client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('certificate') as string });
    }
    expect(at.seen).toEqual([]);
  });

  test('a redirect to another origin carries neither certificate nor password', async () => {
    await using store = await listen(server);
    await using at = await listen(server, store.origin);
    using client = registryClient({ origin: at.origin, tls: { ca: server.cert, ...device }, basic: { user: 'ada', password: 'secret' } });
    await client.manifest('apps/blink', 'v1', signal);
    expect(at.seen).toEqual([{ subject: 'pi-1', authorization: `Basic ${Buffer.from('ada:secret').toString('base64')}` }]);
    expect(store.seen).toEqual([{ subject: undefined, authorization: undefined }]);
  });

  test('a redirect off TLS is not followed', async () => {
    await using plain = await new ToyRegistry().open();
    await using at = await listen(server, plain.origin);
    using client = registryClient({ origin: at.origin, tls: { ca: server.cert } });
    await expect(client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject({ code: 'registry-error', message: expect.stringContaining('off TLS') as string });
    expect(plain.requests).toEqual([]);
  });
});
