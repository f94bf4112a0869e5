import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type Digest, systemClock } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { mediaTypes } from './media-types.ts';
import { registryClient } from './registry-client.ts';
import { ToyRegistry } from './toy-registry.ts';
import type { RegistryOptions } from './transport.ts';

const signal = new AbortController().signal;
const fault = (code: string, message = '') => ({ code, message: expect.stringContaining(message) as string });
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, layers: [] }));
const content = Buffer.from('0123456789');
const blob = { digest: digestOf(content), sizeBytes: content.byteLength };

type Meddle = (request: IncomingMessage, response: ServerResponse) => boolean;

async function setUp(meddle?: Meddle, options: Omit<RegistryOptions, 'origin'> = {}) {
  const registry = await new ToyRegistry(meddle ? { meddle } : {}).open();
  registry.put('v1', manifest);
  registry.blobs.set(blob.digest, content);
  const client = registryClient({ origin: registry.origin, ...options });
  return {
    registry,
    client,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Answers every request alike. */
const always = (answer: (response: ServerResponse, request: IncomingMessage) => void): Meddle => (request, response) => {
  answer(response, request);
  return true;
};

const served = (headers: Record<string, string>, body: Uint8Array | string = manifest) => always((response) => response.writeHead(200, headers).end(body));

async function collected(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a manifest', () => {
  test('is had by tag and by digest, its digest computed here', async () => {
    await using at = await setUp();
    const pulled = { bytes: manifest, digest: digestOf(manifest), mediaType: mediaTypes.manifest };
    expect(await at.client.manifest('apps/blink', 'v1', signal)).toEqual(pulled);
    expect(await at.client.manifest('apps/blink', digestOf(manifest), signal)).toEqual(pulled);
    expect(at.registry.requests[0]?.headers.accept).toContain(mediaTypes.index);
  });

  test('that is not there is not found, in the words of the registry', async () => {
    await using at = await setUp();
    await expect(at.client.manifest('apps/blink', 'v2', signal)).rejects.toMatchObject(fault('not-found', 'MANIFEST_UNKNOWN: not here'));
  });

  test('under the digest of another one is corruption', async () => {
    const other = Buffer.from(manifest.toString().replace('2', '3'));
    await using at = await setUp(served({ 'content-type': mediaTypes.manifest }, other));
    await expect(at.client.manifest('apps/blink', digestOf(manifest), signal)).rejects.toMatchObject(fault('digest-mismatch', digestOf(other)));
  });

  test.each([digestOf('other'), 'sha512:00', '../../x'])('whose digest the registry tells otherwise (%s) is corruption, by tag too', async (claimed) => {
    await using at = await setUp(served({ 'content-type': mediaTypes.manifest, 'docker-content-digest': claimed }));
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('digest-mismatch'));
  });

  test('served as another type than it says is invalid; parameters and letters of the type do not matter', async () => {
    await using index = await setUp(served({ 'content-type': mediaTypes.index }));
    await expect(index.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('manifest-invalid', mediaTypes.index));
    await using same = await setUp(served({ 'content-type': `${mediaTypes.manifest.toUpperCase()}; charset=utf-8` }));
    expect((await same.client.manifest('apps/blink', 'v1', signal)).mediaType).toBe(mediaTypes.manifest);
  });

  test('without a type of its own has the one that it is served as, and needs one of both', async () => {
    const untyped = '{"schemaVersion":2}';
    await using typed = await setUp(served({ 'content-type': mediaTypes.dockerManifest }, untyped));
    expect((await typed.client.manifest('apps/blink', 'v1', signal)).mediaType).toBe(mediaTypes.dockerManifest);
    await using bare = await setUp(served({}, untyped));
    await expect(bare.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('manifest-invalid', 'no media type'));
  });

  test.each([['html', '<html>'], ['two types', `{"mediaType":"a",${manifest.toString().slice(1)}`], ['nothing', '']])('of %s is invalid', async (_, body) => {
    await using at = await setUp(served({ 'content-type': mediaTypes.manifest }, body));
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('manifest-invalid'));
  });

  test('without an end is cut off', async () => {
    await using at = await setUp(always((response) => void endless(response)));
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('too-large'));
  });

  test.each([['../v1'], ['v1/../../x'], [''], ['sha256:../../x'], [`sha256:${'A'.repeat(64)}`], ['md5:00'], ['a'.repeat(129)]])('is not asked for by %j', async (ref) => {
    await using at = await setUp();
    await expect(at.client.manifest('apps/blink', ref, signal)).rejects.toMatchObject(fault('input-invalid'));
    await expect(at.client.manifest('apps/../secret', 'v1', signal)).rejects.toMatchObject(fault('input-invalid'));
    expect(at.registry.requests).toEqual([]);
  });
});

async function endless(response: ServerResponse): Promise<void> {
  const chunk = Buffer.alloc(256 << 10, 0x20);
  const gone = once(response, 'close');
  while (!response.destroyed) if (!response.write(chunk)) await Promise.race([once(response, 'drain'), gone]);
}

describe('a blob', () => {
  test('streams as it is', async () => {
    await using at = await setUp();
    expect(await collected(at.client.blob('apps/blink', blob, signal))).toBe('0123456789');
    expect(Buffer.from(await at.client.smallBlob('apps/blink', blob, { sizeBytesMax: 10 }, signal)).toString()).toBe('0123456789');
  });

  test('is there or not', async () => {
    await using at = await setUp();
    expect(await at.client.hasBlob('apps/blink', blob.digest, signal)).toBe(true);
    expect(await at.client.hasBlob('apps/blink', digestOf('other'), signal)).toBe(false);
    expect(at.registry.lines('HEAD')).toHaveLength(2);
  });

  test.each([['longer', '0123456789x'], ['shorter', '012345678'], ['empty', '']])('%s than declared is corruption', async (_, body) => {
    await using at = await setUp(always((response) => void response.writeHead(200).end(body)));
    await expect(collected(at.client.blob('apps/blink', blob, signal))).rejects.toMatchObject(fault('digest-mismatch', body.length > 10 ? 'exceeds its declared 10 bytes' : `ended after ${body.length} of 10 bytes`));
    await expect(at.client.smallBlob('apps/blink', blob, { sizeBytesMax: 10 }, signal)).rejects.toMatchObject(fault('digest-mismatch'));
  });

  test('without an end stops at its declared size, and so does its connection', async () => {
    let ended = false;
    await using at = await setUp(always((response) => void endless(response.on('close', () => (ended = true)))));
    await expect(collected(at.client.blob('apps/blink', { ...blob, sizeBytes: 1 << 20 }, signal))).rejects.toMatchObject(fault('digest-mismatch', 'exceeds its declared 1048576 bytes'));
    await expect.poll(() => ended, { timeout: 30_000 }).toBe(true);
  });

  test('of other bytes is found out where it is read whole', async () => {
    await using at = await setUp(served({}, 'abcdefghij'));
    await expect(at.client.smallBlob('apps/blink', blob, { sizeBytesMax: 10 }, signal)).rejects.toMatchObject(fault('digest-mismatch', blob.digest));
  });

  test('above the cap is not even asked for', async () => {
    await using at = await setUp();
    await expect(at.client.smallBlob('apps/blink', blob, { sizeBytesMax: 9 }, signal)).rejects.toMatchObject(fault('too-large'));
    expect(at.registry.requests).toEqual([]);
  });

  test('is not asked for by a path', async () => {
    await using at = await setUp();
    await expect(collected(at.client.blob('apps/blink', { digest: 'sha256:../../x' as Digest, sizeBytes: 1 }, signal))).rejects.toMatchObject(fault('input-invalid'));
    expect(at.registry.requests).toEqual([]);
  });

  test('whose connection breaks is unreachable, not complete', async () => {
    await using at = await setUp(always((response) => {
      response.writeHead(200, { 'content-length': '10' }).write('01234');
      response.socket?.end();
    }));
    await expect(collected(at.client.blob('apps/blink', blob, signal))).rejects.toMatchObject(fault('unreachable'));
  });
});

describe('time', () => {
  const drip: Meddle = always((response) => {
    response.writeHead(200, { 'content-type': mediaTypes.manifest });
    const ticking = systemClock.every(20, () => response.write(' '));
    response.on('close', () => ticking[Symbol.dispose]());
  });

  test('runs out for an answer that never begins', async () => {
    await using at = await setUp(() => true, { timeoutMs: 100 });
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('timed-out'));
    await expect(at.client.hasBlob('apps/blink', blob.digest, signal)).rejects.toMatchObject(fault('timed-out'));
  });

  test('runs out for an answer that drips', async () => {
    await using at = await setUp(drip, { timeoutMs: 150 });
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('timed-out'));
    await expect(collected(at.client.blob('apps/blink', { ...blob, sizeBytes: 1_000 }, signal))).rejects.toMatchObject(fault('timed-out'));
  });

  test("is the caller's to end: the reason comes back as it was given", async () => {
    await using at = await setUp(drip);
    const reason = new Error('the app was removed');
    const abort = new AbortController();
    const pulling = at.client.manifest('apps/blink', 'v1', abort.signal);
    abort.abort(reason);
    await expect(pulling).rejects.toBe(reason);
    await expect(at.client.manifest('apps/blink', 'v1', abort.signal)).rejects.toBe(reason);
  });
});

describe('a registry', () => {
  test.each([[401, 'unauthenticated'], [403, 'forbidden'], [404, 'not-found'], [413, 'too-large'], [429, 'too-many-requests'], [500, 'registry-error'], [503, 'registry-error'], [204, 'registry-error'], [206, 'registry-error']])('that answers %i gives the fault %s', async (status, code) => {
    await using at = await setUp(always((response) => void response.writeHead(status).end()));
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault(code, String(status)));
    await expect(collected(at.client.blob('apps/blink', blob, signal))).rejects.toMatchObject(fault(code));
  });

  test('that is not there is unreachable', async () => {
    const gone = await setUp();
    await gone.registry[Symbol.asyncDispose]();
    await expect(gone.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('unreachable', '127.0.0.1'));
    gone.client[Symbol.dispose]();
  });

  test('that speaks no HTTP is unreachable', async () => {
    await using at = await setUp(always((response) => void response.socket?.end('SSH-2.0-x\r\n')));
    await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('unreachable'));
  });

  test('that closed a kept connection is asked again', async () => {
    let dropped = 0;
    await using flaky = await setUp((request) => {
      if (request.url?.endsWith('/v1') && dropped === 0 && flaky.registry.requests.length > 1) {
        dropped += 1;
        request.socket.destroy();
        return true;
      }
      return false;
    });
    await flaky.client.manifest('apps/blink', 'v1', signal);
    expect((await flaky.client.manifest('apps/blink', 'v1', signal)).digest).toBe(digestOf(manifest));
    expect(dropped).toBe(1);
  });
});

describe('credentials', () => {
  const basic = { user: 'ada', password: 'secret' };
  const header = `Basic ${Buffer.from('ada:secret').toString('base64')}`;

  test('go to the registry', async () => {
    await using at = await setUp(undefined, { basic });
    await at.client.manifest('apps/blink', 'v1', signal);
    expect(at.registry.requests[0]?.headers.authorization).toBe(header);
  });

  test('do not follow a redirect to another origin, but the request does', async () => {
    await using store = await setUp();
    await using at = await setUp(always((response, request) => void response.writeHead(307, { location: store.registry.origin + (request.url ?? '') }).end()), { basic });
    expect(await collected(at.client.blob('apps/blink', blob, signal))).toBe('0123456789');
    expect(store.registry.requests).toHaveLength(1);
    expect(store.registry.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('follow a redirect within the registry', async () => {
    await using at = await setUp((request, response) => {
      if (!request.url?.endsWith('/old')) return false;
      response.writeHead(302, { location: 'v1' }).end();
      return true;
    }, { basic });
    await at.client.manifest('apps/blink', 'old', signal);
    expect(at.registry.requests.map(({ headers }) => headers.authorization)).toEqual([header, header]);
  });

  test('are not sent over plain HTTP to another machine', () => {
    for (const origin of ['http://registry.example', 'http://127.evil.example:5000', 'http://10.0.0.1']) expect(() => registryClient({ origin, basic }), `origin ${origin}`).toThrow(expect.objectContaining(fault('input-invalid')) as Error);
    for (const origin of ['https://registry.example', 'http://127.0.0.1:5000', 'http://localhost']) registryClient({ origin, basic })[Symbol.dispose]();
  });
});

test.each([['in a circle', 'v1'], ['to nowhere', ''], ['to a file', 'file:///etc/passwd'], ['to no address', 'http://[']])('a redirect %s ends', async (_, location) => {
  await using at = await setUp(always((response) => void response.writeHead(302, { location }).end()));
  await expect(at.client.manifest('apps/blink', 'v1', signal)).rejects.toMatchObject(fault('registry-error', 'redirected'));
  expect(at.registry.requests.length).toBeLessThan(8);
});

test.each(['', 'registry.example', 'ftp://registry.example', 'https://user:pass@registry.example', 'https://registry.example/v2/', 'https://registry.example?x=1'])('%j is no origin of a registry', (origin) => {
  expect(() => registryClient({ origin })).toThrow(expect.objectContaining(fault('input-invalid')) as Error);
});
