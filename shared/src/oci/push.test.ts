import { describe, expect, test } from 'vitest';
import { parseJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { mediaTypes } from './media-types.ts';
import { registryClient } from './registry-client.ts';
import { type ToyOptions, ToyRegistry, indexOf } from './toy-registry.ts';

const signal = new AbortController().signal;
const fault = (code: string, message = '') => ({ code, message: expect.stringContaining(message) as string });
const repository = 'apps/blink';
const artifact = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, layers: [] }));
const subject = { mediaType: mediaTypes.manifest, digest: digestOf(artifact), size: artifact.byteLength };
const emptyDescriptor = { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2 };

/** Shaped as a signature is; what it says does not matter to a registry. */
function signature(text: string, about: object = subject) {
  const bundle = Buffer.from(text);
  const layers = [{ mediaType: mediaTypes.bundle, digest: digestOf(bundle), size: bundle.byteLength }];
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: emptyDescriptor, layers, annotations: { note: text }, subject: about, artifactType: mediaTypes.bundle }));
  return { digest: subject.digest, manifest, bundle };
}

async function setUp(options: ToyOptions = {}) {
  const registry = await new ToyRegistry(options).open();
  const client = registryClient({ origin: registry.origin, basic: { user: 'ci', password: 'secret' } });
  return {
    registry,
    client,
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

const fallback = `sha256-${subject.digest.slice(7)}`;
const listedIn = (registry: ToyRegistry): unknown => parseJson(registry.manifests.get(fallback)?.bytes ?? Buffer.from('null'));

describe('a blob is uploaded', () => {
  test.each(['relative', 'absolute', 'with-query'] as const)('to a location that is %s', async (location) => {
    await using at = await setUp({ location });
    expect(await at.client.pushBlob(repository, Buffer.from('wasm'), signal)).toBe(digestOf('wasm'));
    expect(at.registry.blobs.get(digestOf('wasm'))?.toString()).toBe('wasm');
    expect(at.registry.requests.every(({ headers }) => headers.authorization !== undefined)).toBe(true);
  });

  test('when it is empty, too', async () => {
    await using at = await setUp();
    await at.client.pushBlob(repository, Buffer.alloc(0), signal);
    expect(at.registry.blobs.get(digestOf(''))?.byteLength).toBe(0);
  });

  test('to another origin without the credentials of the registry', async () => {
    await using store = await setUp();
    await using at = await setUp({
      meddle: (request, response) => {
        if (request.method !== 'POST') return false;
        response.writeHead(202, { location: `${store.registry.origin}/v2/apps/blink/blobs/uploads/9` }).end();
        return true;
      },
    });
    await at.client.pushBlob(repository, Buffer.from('wasm'), signal);
    expect(store.registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('or refused in the words of the registry', async () => {
    await using at = await setUp({
      meddle: (request, response) => {
        if (request.method !== 'PUT') return false;
        request.resume().on('end', () => response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}'));
        return true;
      },
    });
    await expect(at.client.pushBlob(repository, Buffer.from('wasm'), signal)).rejects.toMatchObject(fault('registry-error', '400 (DIGEST_INVALID: no)'));
  });

  test('or put off while the disk of the registry is low, in its words', async () => {
    await using at = await setUp({
      meddle: (_, response) => {
        response.writeHead(507).end('{"errors":[{"code":"UNKNOWN","message":"the disk has 63 MB left"}]}');
        return true;
      },
    });
    await expect(at.client.pushBlob(repository, Buffer.from('wasm'), signal)).rejects.toMatchObject(fault('disk-low', 'answered 507 (the disk has 63 MB left)'));
  });

  test.each([[202, undefined, 'no location'], [202, 'http://[', 'no location'], [307, '/elsewhere', 'redirected'], [500, undefined, '500']])('never after an odd answer (%i, location %s)', async (status, location, why) => {
    await using at = await setUp({
      meddle: (_, response) => {
        response.writeHead(status, location === undefined ? {} : { location }).end();
        return true;
      },
    });
    await expect(at.client.pushBlob(repository, Buffer.from('wasm'), signal)).rejects.toMatchObject(fault('registry-error', why));
  });
});

describe('a manifest is stored', () => {
  test('under a tag, its own media type with it', async () => {
    await using at = await setUp();
    expect(await at.client.pushManifest(repository, artifact, { tag: 'v1' }, signal)).toBe(subject.digest);
    expect(at.registry.manifests.get('v1')).toMatchObject({ mediaType: mediaTypes.manifest, bytes: artifact });
  });

  test('under its digest alone without a tag', async () => {
    await using at = await setUp();
    await at.client.pushManifest(repository, artifact, {}, signal);
    expect(at.registry.lines('PUT')).toEqual([`PUT /v2/apps/blink/manifests/${subject.digest}`]);
  });

  test('and not, when the registry says that it holds something else', async () => {
    await using at = await setUp({
      meddle: (_, response) => {
        response.writeHead(201, { 'docker-content-digest': digestOf('other') }).end();
        return true;
      },
    });
    await expect(at.client.pushManifest(repository, artifact, { tag: 'v1' }, signal)).rejects.toMatchObject(fault('digest-mismatch'));
  });

  test('never without a media type, nor under a bad tag', async () => {
    await using at = await setUp();
    await expect(at.client.pushManifest(repository, Buffer.from('{}'), {}, signal)).rejects.toMatchObject(fault('manifest-invalid'));
    await expect(at.client.pushManifest(repository, artifact, { tag: '../x' }, signal)).rejects.toMatchObject(fault('input-invalid'));
    expect(at.registry.requests).toEqual([]);
  });
});

describe('a signature is attached', () => {
  test('in a registry that lists referrers: blobs first, then its manifest by digest, and no tag', async () => {
    await using at = await setUp({ referrers: 'api' });
    const one = signature('one');
    expect(await at.client.pushSignature(repository, one, signal)).toBe(digestOf(one.manifest));
    expect([...at.registry.blobs.keys()]).toEqual([digestOf('{}'), digestOf('one')]);
    expect([...at.registry.manifests.keys()]).toEqual([digestOf(one.manifest)]);
    expect(await at.client.signatures(repository, subject.digest, signal)).toEqual([{ manifest: one.manifest, bundle: one.bundle }]);
  });

  test.each(['none', 'header-only'] as const)('under the fallback tag where referrers are: %s', async (referrers) => {
    await using at = await setUp({ referrers });
    const [one, two] = [signature('one'), signature('two')];
    await at.client.pushSignature(repository, one, signal);
    await at.client.pushSignature(repository, two, signal);
    await at.client.pushSignature(repository, two, signal);
    const entry = ({ manifest, bundle }: typeof one) => ({ mediaType: mediaTypes.manifest, size: manifest.byteLength, digest: digestOf(manifest), artifactType: mediaTypes.bundle, annotations: { note: bundle.toString() } });
    expect(listedIn(at.registry)).toEqual({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry(one), entry(two)] });
    expect(await at.client.signatures(repository, subject.digest, signal)).toEqual([one, two].map(({ manifest, bundle }) => ({ manifest, bundle })));
  });

  test('under the fallback tag, too, where a list is answered but the subject was not taken note of', async () => {
    await using at = await setUp({
      meddle: (request, response) => {
        if (request.url?.includes('/referrers/') !== true) return false;
        response.writeHead(200, { 'content-type': mediaTypes.index }).end(indexOf([]));
        return true;
      },
    });
    await at.client.pushSignature(repository, signature('one'), signal);
    expect(listedIn(at.registry)).toMatchObject({ manifests: [{ digest: digestOf(signature('one').manifest) }] });
  });

  test('even when another pusher changed the tag in between, and both stay', async () => {
    const theirs = { mediaType: mediaTypes.manifest, digest: digestOf('theirs'), size: 6, artifactType: mediaTypes.bundle };
    let raced = false;
    await using at = await setUp({
      meddle: (request) => {
        if (!raced && request.method === 'PUT' && request.url?.endsWith(fallback) === true) {
          raced = true;
          at.registry.put(fallback, indexOf([theirs, theirs]), mediaTypes.index);
        }
        return false;
      },
    });
    at.registry.put(fallback, indexOf([theirs]), mediaTypes.index);
    await at.client.pushSignature(repository, signature('one'), signal);
    expect(raced).toBe(true);
    expect(listedIn(at.registry)).toMatchObject({ manifests: [{ digest: theirs.digest }, { digest: theirs.digest }, { digest: digestOf(signature('one').manifest) }] });
  });

  test('not over something else that has the fallback tag', async () => {
    await using at = await setUp();
    at.registry.put(fallback, artifact);
    await expect(at.client.pushSignature(repository, signature('one'), signal)).rejects.toMatchObject(fault('registry-error', 'mediaType'));
    expect(at.registry.manifests.get(fallback)?.bytes).toEqual(artifact);
  });

  test('only to what it is about, and with its own bundle', async () => {
    await using at = await setUp();
    const wrong = [{ ...signature('one'), digest: digestOf('other') }, { ...signature('one'), bundle: Buffer.from('two') }];
    for (const one of wrong) await expect(at.client.pushSignature(repository, one, signal)).rejects.toMatchObject(fault('input-invalid'));
    expect(at.registry.requests).toEqual([]);
  });
});

describe('signatures are read', () => {
  const entryOf = (manifest: Uint8Array, more: object = {}) => ({ mediaType: mediaTypes.manifest, digest: digestOf(manifest), size: manifest.byteLength, artifactType: mediaTypes.bundle, ...more });
  const paged = (pages: (n: number) => { manifests: readonly object[]; link?: string }): ToyOptions => ({
    meddle: (request, response) => {
      const asked = new URL(request.url ?? '', 'http://x');
      if (!asked.pathname.includes('/referrers/')) return false;
      const { manifests, link } = pages(Number(asked.searchParams.get('page') ?? 0));
      response.writeHead(200, { 'content-type': mediaTypes.index, ...(link === undefined ? {} : { link }) }).end(indexOf(manifests));
      return true;
    },
  });
  const one = signature('one');
  const keep = (registry: ToyRegistry, { manifest, bundle } = one) => {
    registry.put('x', manifest);
    registry.blobs.set(digestOf(bundle), bundle);
  };

  test('as none, where there are none, in both kinds of registry', async () => {
    for (const referrers of ['api', 'none'] as const) {
      await using at = await setUp({ referrers });
      expect(await at.client.signatures(repository, subject.digest, signal)).toEqual([]);
    }
  });

  test('without what else refers to the artifact, though the registry does not filter', async () => {
    await using at = await setUp(paged(() => ({ manifests: [entryOf(artifact, { artifactType: 'application/spdx+json' }), entryOf(artifact, { artifactType: undefined }), entryOf(one.manifest)] })));
    keep(at.registry);
    expect(await at.client.signatures(repository, subject.digest, signal)).toHaveLength(1);
    expect(at.registry.lines('GET').filter((line) => line.includes('/manifests/'))).toHaveLength(1);
    expect(at.registry.lines('GET')[0]).toBe(`GET /v2/apps/blink/referrers/${subject.digest}?artifactType=application%2Fvnd.dev.sigstore.bundle.v0.3%2Bjson`);
  });

  test('past entries that dangle, lie or are no signatures', async () => {
    await using at = await setUp(paged(() => ({ manifests: [entryOf(Buffer.from('gone')), entryOf(artifact), entryOf(two.manifest), entryOf(three.manifest), entryOf(one.manifest), entryOf(one.manifest)] })));
    const [two, three] = [signature('two'), signature('three')];
    keep(at.registry);
    at.registry.put('a', artifact);
    at.registry.put('t', two.manifest);
    at.registry.put('u', three.manifest);
    at.registry.blobs.set(digestOf('three'), Buffer.from('THREE'));
    expect(await at.client.signatures(repository, subject.digest, signal)).toEqual([{ manifest: one.manifest, bundle: one.bundle }]);
  });

  test('with those attached to something else among them: a judge says so', async () => {
    const elsewhere = signature('one', { ...subject, digest: digestOf('other') });
    await using at = await setUp(paged(() => ({ manifests: [entryOf(elsewhere.manifest)] })));
    keep(at.registry, elsewhere);
    expect(await at.client.signatures(repository, subject.digest, signal)).toHaveLength(1);
  });

  test('over several pages', async () => {
    await using at = await setUp(paged((page) => (page === 0 ? { manifests: [], link: `</v2/apps/blink/referrers/${subject.digest}?page=1>; rel="next"` } : { manifests: [entryOf(one.manifest)] })));
    keep(at.registry);
    expect(await at.client.signatures(repository, subject.digest, signal)).toHaveLength(1);
  });

  test('over four pages and no more, however they are linked', async () => {
    await using loop = await setUp(paged((page) => ({ manifests: [], link: `<?page=${page + 1}>; rel="next"` })));
    expect(await loop.client.signatures(repository, subject.digest, signal)).toEqual([]);
    expect(loop.registry.requests).toHaveLength(4);
  });

  test('not from pages at another host', async () => {
    await using other = await setUp();
    await using at = await setUp(paged(() => ({ manifests: [], link: `<${other.registry.origin}/v2/x/referrers/y>; rel="next"` })));
    expect(await at.client.signatures(repository, subject.digest, signal)).toEqual([]);
    expect(other.registry.requests).toEqual([]);
  });

  test('from 64 entries and no more, of 10 000', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => entryOf(Buffer.from(`gone ${n}`)));
    await using at = await setUp(paged(() => ({ manifests: many })));
    expect(await at.client.signatures(repository, subject.digest, signal)).toEqual([]);
    expect(at.registry.lines('GET').filter((line) => line.includes('/manifests/'))).toHaveLength(64);
  });

  test('and a broken registry is not "unsigned"', async () => {
    await using garbled = await setUp({
      meddle: (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
        return true;
      },
    });
    await expect(garbled.client.signatures(repository, subject.digest, signal)).rejects.toMatchObject(fault('registry-error', 'text/html'));
    await using broken = await setUp({
      ...paged(() => ({ manifests: [entryOf(one.manifest)] })),
      meddle: (request, response) => {
        if (request.url?.includes('/referrers/') === true) return paged(() => ({ manifests: [entryOf(one.manifest)] })).meddle?.(request, response) ?? false;
        response.writeHead(500).end();
        return true;
      },
    });
    await expect(broken.client.signatures(repository, subject.digest, signal)).rejects.toMatchObject(fault('registry-error', '500'));
  });
});
