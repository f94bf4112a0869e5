import { readdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { digestOf } from '@pier/shared/digest';
import { mediaTypes } from '@pier/shared/oci';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Reply, RegistryWorld } from '../testing/index.ts';

let world: RegistryWorld;
beforeEach(async () => {
  world = await RegistryWorld.open();
});
afterEach(() => world[Symbol.asyncDispose]());

const put = (manifest: unknown, { repository = 'demo/app', reference = 'v1', type = mediaTypes.manifest }: { repository?: string; reference?: string; type?: string } = {}): Promise<Reply> =>
  world.ask('PUT', `/v2/${repository}/manifests/${reference}`, { body: typeof manifest === 'string' ? manifest : JSON.stringify(manifest), headers: { 'content-type': type } });
const listed = (reply: Reply): { manifests: { digest: string; artifactType?: string; annotations?: object }[] } => JSON.parse(reply.body.toString('utf8'));

describe('manifests', () => {
  test('come back as the exact bytes, by tag and by digest', async () => {
    const { digest, bytes, reply } = await world.pushImage('demo/app', 'v1');
    expect(reply).toMatchObject({ status: 201, headers: { location: `/v2/demo/app/manifests/${digest}`, 'docker-content-digest': digest } });
    for (const reference of ['v1', digest]) {
      const got = await world.ask('GET', `/v2/demo/app/manifests/${reference}`);
      expect(got).toMatchObject({ status: 200, headers: { 'content-type': mediaTypes.manifest, 'docker-content-digest': digest } });
      expect(got.body.toString()).toBe(bytes);
      expect(await world.ask('HEAD', `/v2/demo/app/manifests/${reference}`)).toMatchObject({ status: 200, headers: { 'content-length': String(bytes.length) } });
    }
    expect(await world.registry.manifest('demo/app', 'v1')).toMatchObject({ digest, mediaType: mediaTypes.manifest });
    expect(await world.registry.manifest('demo/app', 'v2')).toBeUndefined();
    expect(await world.registry.manifest('../demo', 'v1')).toBeUndefined();
  });

  test('an index is kept once its manifests are there', async () => {
    const { digest, bytes } = await world.pushImage('demo/app', 'v1');
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ mediaType: mediaTypes.manifest, digest, size: bytes.length }] };
    expect((await put(index, { reference: 'all', type: mediaTypes.index })).status).toBe(201);
    expect(await put(index, { repository: 'demo/other', reference: 'all', type: mediaTypes.index })).toMatchObject({ status: 404, code: 'MANIFEST_BLOB_UNKNOWN' });
  });

  test('a manifest without mediaType goes by its Content-Type', async () => {
    const { digest } = await world.pushImage('demo/app', 'v1', { mediaType: undefined });
    expect((await world.ask('GET', `/v2/demo/app/manifests/${digest}`)).headers['content-type']).toBe(mediaTypes.manifest);
  });

  test('by digest takes tags along', async () => {
    const { digest, bytes } = await world.pushImage('demo/app', 'v1');
    expect(await put(bytes, { reference: `${digest}?tag=a&tag=b` })).toMatchObject({ status: 201, headers: { 'oci-tag': 'a, b' } });
    expect((await world.ask('GET', '/v2/demo/app/manifests/b')).headers['docker-content-digest']).toBe(digest);
  });

  test('a tag moves, and what it named before stays', async () => {
    const first = await world.pushImage('demo/app', 'v1');
    const second = await world.pushImage('demo/app', 'v1', { layer: 'another' });
    expect((await world.ask('HEAD', '/v2/demo/app/manifests/v1')).headers['docker-content-digest']).toBe(second.digest);
    expect((await world.ask('HEAD', `/v2/demo/app/manifests/${first.digest}`)).status).toBe(200);
  });

  test('eight pushes at once all arrive, each with its own content', async () => {
    const pushed = await Promise.all(Array.from({ length: 8 }, (_, i) => world.pushImage('demo/app', `v${i}`, { annotations: { n: String(i) } })));
    for (const [i, { bytes }] of pushed.entries()) expect((await world.ask('GET', `/v2/demo/app/manifests/v${i}`)).body.toString()).toBe(bytes);
    expect(JSON.parse((await world.ask('GET', '/v2/demo/app/tags/list')).body.toString())).toEqual({ name: 'demo/app', tags: ['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7'] });
  });

  const blob = { mediaType: 'x/y', digest: digestOf('{}'), size: 2 };
  const good = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: blob, layers: [blob] };
  test.each<[string, unknown, string, string]>([
    ['no JSON', '{nope', mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['not UTF-8 or with a byte order mark', `\uFEFF${JSON.stringify(good)}`, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a duplicate key', JSON.stringify(good).replace('"layers"', '"layers":[],"layers"'), mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['an array', [good], mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['manifests beside layers', { ...good, manifests: [] }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a mediaType that is not the Content-Type', good, mediaTypes.index, 'MANIFEST_INVALID'],
    ['one image format inside, the other one as Content-Type', { ...good, mediaType: mediaTypes.manifest }, mediaTypes.dockerManifest, 'MANIFEST_INVALID'],
    ['an image called an index', { ...good, mediaType: mediaTypes.index }, mediaTypes.index, 'MANIFEST_INVALID'],
    ['another media type', { ...good, mediaType: 'text/plain' }, 'text/plain', 'MANIFEST_INVALID'],
    ['schema version 1', { ...good, schemaVersion: 1 }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['upper-case hex', { ...good, config: { ...blob, digest: blob.digest.replace(/[a-f]/g, (hex) => hex.toUpperCase()) } }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['sha512', { ...good, config: { ...blob, digest: `sha512:${'0'.repeat(128)}` } }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a digest that is a path', { ...good, config: { ...blob, digest: 'sha256:../../../../etc/passwd' } }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a size that is not the blob’s', { ...good, config: { ...blob, size: 3 } }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a negative size', { ...good, config: { ...blob, size: -1 } }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['no config', { ...good, config: undefined }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a number as annotation', { ...good, annotations: { a: 1 } }, mediaTypes.manifest, 'MANIFEST_INVALID'],
    ['a blob that is not here', { ...good, config: { ...blob, digest: digestOf('elsewhere') } }, mediaTypes.manifest, 'MANIFEST_BLOB_UNKNOWN'],
  ])('%s is refused', async (_name, manifest, type, code) => {
    await world.pushBlob('demo/app', '{}');
    expect((await put(good)).status).toBe(201);
    const reply = await put(manifest, { reference: 'bad', type });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.code).toBe(code);
    expect((await world.ask('GET', '/v2/demo/app/manifests/bad')).code).toBe('MANIFEST_UNKNOWN');
  });

  test('over 4 MiB is refused with 413, at its length or as it comes', async () => {
    expect(await put('x'.repeat((4 << 20) + 1))).toMatchObject({ status: 413, code: 'SIZE_INVALID' });
    expect((await world.ask('PUT', '/v2/demo/app/manifests/v1', { body: 'x'.repeat((4 << 20) + 1), headers: { 'content-type': mediaTypes.manifest, 'transfer-encoding': 'chunked' } })).status).toBe(413);
    const pushed = await world.pushImage('demo/app', 'large', { annotations: { filler: 'x'.repeat((4 << 20) - 2_000) } });
    expect(pushed.reply.status).toBe(201);
  });

  test('under a digest that is not theirs they are refused', async () => {
    await world.pushBlob('demo/app', '{}');
    expect(await put(good, { reference: digestOf('other') })).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  });

  test('deleting a tag keeps the manifest; deleting the manifest takes its tags', async () => {
    const { digest } = await world.pushImage('demo/app', 'v1');
    await world.pushImage('demo/app', 'v2');
    expect((await world.ask('DELETE', '/v2/demo/app/manifests/v1')).status).toBe(202);
    expect((await world.ask('GET', '/v2/demo/app/manifests/v1')).status).toBe(404);
    expect((await world.ask('GET', `/v2/demo/app/manifests/${digest}`)).status).toBe(200);
    expect((await world.ask('DELETE', `/v2/demo/app/manifests/${digest}`)).status).toBe(202);
    expect((await world.ask('GET', '/v2/demo/app/manifests/v2')).status).toBe(404);
    expect((await world.ask('DELETE', `/v2/demo/app/manifests/${digest}`)).code).toBe('MANIFEST_UNKNOWN');
  });
});

describe('referrers', () => {
  const attach = async (subject: { digest: string; size: number }, artifactType: string, n = 0): Promise<{ digest: string; reply: Reply }> =>
    world.pushImage('demo/app', `ref-${artifactType.replace('/', '-')}-${n}`, { layer: 'sig', artifactType, annotations: { n: String(n) }, subject: { mediaType: mediaTypes.manifest, ...subject } });

  test('are listed with type and annotations, filtered on request, and removed with their manifest', async () => {
    const { digest, bytes } = await world.pushImage('demo/app', 'v1');
    const subject = { digest, size: bytes.length };
    const sig = await attach(subject, 'test/sig');
    await attach(subject, 'test/sbom');
    expect(sig.reply.headers['oci-subject']).toBe(digest);
    const all = await world.ask('GET', `/v2/demo/app/referrers/${digest}`);
    expect(all.headers['content-type']).toBe(mediaTypes.index);
    expect(listed(all).manifests.map((entry) => entry.artifactType)).toEqual(expect.arrayContaining(['test/sbom', 'test/sig']));
    const some = await world.ask('GET', `/v2/demo/app/referrers/${digest}?artifactType=test%2Fsig`);
    expect(some.headers['oci-filters-applied']).toBe('artifactType');
    expect(listed(some).manifests).toMatchObject([{ digest: sig.digest, artifactType: 'test/sig', annotations: { n: '0' } }]);
    expect(await world.registry.referrers('demo/app', digestOf(bytes))).toHaveLength(2);
    await world.ask('DELETE', `/v2/demo/app/manifests/${sig.digest}`);
    expect(listed(await world.ask('GET', `/v2/demo/app/referrers/${digest}`)).manifests).toHaveLength(1);
  });

  test('may come before their subject; an unknown subject has an empty list', async () => {
    const subject = { digest: digestOf('later'), size: 5 };
    expect((await attach(subject, 'test/sig')).reply.status).toBe(201);
    expect(listed(await world.ask('GET', `/v2/demo/app/referrers/${subject.digest}`)).manifests).toHaveLength(1);
    expect(listed(await world.ask('GET', `/v2/demo/nowhere/referrers/${subject.digest}`))).toMatchObject({ schemaVersion: 2, manifests: [] });
    expect(await world.ask('GET', '/v2/demo/app/referrers/sha256:0')).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  });

  test('without artifactType the config’s media type stands in', async () => {
    const { digest } = await world.pushImage('demo/app', 'r', { subject: { mediaType: 'x/y', digest: digestOf('s'), size: 1 } });
    expect(listed(await world.ask('GET', `/v2/demo/app/referrers/${digestOf('s')}`)).manifests).toMatchObject([{ digest, artifactType: 'application/vnd.test.config+json' }]);
  });

  test('many come in pages that add up', async () => {
    const subject = { digest: digestOf('s'), size: 1 };
    for (let n = 0; n < 5; n += 1) await attach(subject, 'test/sig', n);
    const seen: string[] = [];
    let next: string | undefined = `/v2/demo/app/referrers/${subject.digest}?n=2`;
    while (next !== undefined) {
      const page: Reply = await world.ask('GET', next);
      seen.push(...listed(page).manifests.map((entry) => entry.digest));
      next = /^<([^>]+)>; rel="next"$/.exec(page.headers['link'] ?? '')?.[1];
    }
    expect(new Set(seen).size).toBe(5);
  });
});

describe('lists', () => {
  test('tags are sorted and paged, and an unknown repository has none', async () => {
    for (const tag of ['b', 'a', 'C', '10', '9']) await world.pushImage('demo/app', tag);
    const first = await world.ask('GET', '/v2/demo/app/tags/list?n=2');
    expect(JSON.parse(first.body.toString()).tags).toEqual(['10', '9']);
    expect(first.headers['link']).toBe('</v2/demo/app/tags/list?n=2&last=9>; rel="next"');
    expect(JSON.parse((await world.ask('GET', '/v2/demo/app/tags/list?n=9&last=9')).body.toString()).tags).toEqual(['C', 'a', 'b']);
    const none = await world.ask('GET', '/v2/demo/app/tags/list?n=0');
    expect([JSON.parse(none.body.toString()).tags, none.headers['link']]).toEqual([[], undefined]);
    expect((await world.ask('GET', '/v2/demo/app/tags/list?n=-1')).status).toBe(400);
    expect((await world.ask('GET', '/v2/demo/none/tags/list')).code).toBe('NAME_UNKNOWN');
  });

  test('repositories are listed by name, nested ones too', async () => {
    for (const repository of ['demo', 'demo/app', 'other/x/y']) await world.pushImage(repository, 'v1');
    expect(JSON.parse((await world.ask('GET', '/v2/_catalog')).body.toString())).toEqual({ repositories: ['demo', 'demo/app', 'other/x/y'] });
  });
});

describe('who may', () => {
  test('nobody without a name does anything, and is told how to give one', async () => {
    await world.pushImage('demo/app', 'v1');
    for (const [method, path] of [['GET', '/v2/'], ['GET', '/v2/demo/app/manifests/v1'], ['POST', '/v2/demo/app/blobs/uploads/'], ['GET', '/v2/_catalog']] as const) {
      expect(await world.ask(method, path, { as: 'nobody' })).toMatchObject({ status: 401, code: 'UNAUTHORIZED', headers: { 'www-authenticate': expect.stringContaining('Basic realm=') } });
    }
  });

  test('the list of repositories is for people, not for devices', async () => {
    await world.pushImage('demo/app', 'v1');
    expect(await world.ask('GET', '/v2/_catalog', { as: 'device' })).toMatchObject({ status: 403, code: 'DENIED' });
    expect((await world.ask('GET', '/v2/_catalog', { as: 'reader' })).status).toBe(200);
  });

  test('folders are made for the manager alone', async () => {
    await world.pushImage('demo/app', 'v1');
    const folders = (await readdir(join(world.dir, 'registry'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(folders.length).toBeGreaterThan(5);
    for (const { parentPath, name } of folders) expect((await stat(join(parentPath, name))).mode & 0o077).toBe(0);
  });

  test('devices and readers pull, but neither push, mount, tag nor delete', async () => {
    const { digest, layer } = await world.pushImage('demo/app', 'v1');
    for (const as of ['device', 'reader'] as const) {
      for (const path of ['/v2/', '/v2/demo/app/manifests/v1', `/v2/demo/app/blobs/${layer}`, `/v2/demo/app/referrers/${digest}`, '/v2/demo/app/tags/list']) expect((await world.ask('GET', path, { as })).status).toBe(200);
      const writes = [['POST', '/v2/demo/app/blobs/uploads/'], ['POST', `/v2/demo/x/blobs/uploads/?mount=${layer}&from=demo/app`], ['PUT', '/v2/demo/app/manifests/v1'], ['DELETE', '/v2/demo/app/manifests/v1'], ['DELETE', `/v2/demo/app/blobs/${layer}`]] as const;
      for (const [method, path] of writes) expect(await world.ask(method, path, { as })).toMatchObject({ status: 403, code: 'DENIED' });
    }
  });
});

describe('names and paths', () => {
  test.each(['/v2/../../etc/passwd/manifests/v1', '/v2/demo/%2e%2e/%2e%2e/x/manifests/v1', '/v2/Demo/manifests/v1', '/v2/demo//app/manifests/v1', '/v2/demo/_blobs/manifests/v1', '/v2/demo/a..b/tags/list', '/v2/demo%00/manifests/v1', '/v2/%zz/manifests/v1', `/v2/${'a'.repeat(256)}/tags/list`])('%s is no repository', async (path) => {
    expect(await world.ask('GET', path)).toMatchObject({ status: 400, code: 'NAME_INVALID' });
  });

  test.each(['sha256:../../x', 'sha256:..%2f..%2fx', `sha256:${'A'.repeat(64)}`, `sha512:${'0'.repeat(128)}`, `sha256:${'0'.repeat(63)}`, 'md5:0', ':', '%2e%2e'])('the digest %s is refused before it comes near the disk', async (digest) => {
    await world.pushImage('demo/app', 'v1');
    for (const kind of ['blobs', 'referrers']) {
      const reply = await world.ask('GET', `/v2/demo/app/${kind}/${digest}`);
      expect([400, 404]).toContain(reply.status);
      expect(['DIGEST_INVALID', 'NAME_INVALID', 'UNSUPPORTED']).toContain(reply.code);
    }
    expect([400, 404]).toContain((await world.ask('GET', `/v2/demo/app/manifests/${digest}`)).status);
  });

  test.each(['..', '.hidden', '-x', 'a'.repeat(129), 'a%20b', 'a%2fb'])('the tag %s is refused', async (tag) => {
    const { bytes } = await world.pushImage('demo/app', 'v1');
    expect((await world.ask('PUT', `/v2/demo/app/manifests/${tag}`, { body: bytes, headers: { 'content-type': mediaTypes.manifest } })).status).toBeGreaterThanOrEqual(400);
    expect((await world.ask('GET', `/v2/demo/app/manifests/${tag}`)).status).toBeGreaterThanOrEqual(400);
  });

  test('a raw request with dots in its path reaches no file', async () => {
    const socket = connect(world.port, '127.0.0.1');
    socket.end('GET /v2/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\nx-as: pusher\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain(' 404 ');
    expect(text).not.toContain('root:');
  });

  test('unknown places and verbs are answered, sha512 clearly', async () => {
    expect((await world.ask('GET', '/v2/nothing')).status).toBe(404);
    expect(await world.ask('POST', '/v2/demo/app/manifests/v1')).toMatchObject({ status: 405, code: 'UNSUPPORTED' });
    expect(await world.ask('POST', '/v2/demo/app/blobs/uploads/?digest-algorithm=sha512')).toMatchObject({ status: 400, code: 'UNSUPPORTED' });
    expect(await world.ask('POST', `/v2/demo/app/blobs/uploads/?digest=sha512:${'0'.repeat(128)}`, { body: 'x' })).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  });
});
