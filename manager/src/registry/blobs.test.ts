import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { watchSyncs } from '../../../test/support/syncs.ts';
import { RegistryWorld, until } from '../testing/index.ts';

let world: RegistryWorld;
beforeEach(async () => {
  world = await RegistryWorld.open();
});
afterEach(() => world[Symbol.asyncDispose]());

const content = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 251));
const digest = digestOf(content);
const begin = async (repository = 'demo/app'): Promise<string> => (await world.ask('POST', `/v2/${repository}/blobs/uploads/`)).headers['location'] ?? '';
const filesIn = async (folder: string): Promise<string[]> => (await readdir(join(world.dir, 'registry', folder), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);

describe('pushing a blob', () => {
  test('at once: POST with a digest', async () => {
    const reply = await world.ask('POST', `/v2/demo/app/blobs/uploads/?digest=${digest}`, { body: content });
    expect(reply).toMatchObject({ status: 201, headers: { location: `/v2/demo/app/blobs/${digest}`, 'docker-content-digest': digest } });
    expect((await world.ask('GET', `/v2/demo/app/blobs/${digest}`)).body.equals(content)).toBe(true);
  });

  test('in two steps: POST, then PUT with the bytes', async () => {
    const location = await begin();
    expect((await world.ask('PUT', `${location}?digest=${encodeURIComponent(digest)}`, { body: content })).status).toBe(201);
    expect((await world.ask('HEAD', `/v2/demo/app/blobs/${digest}`)).headers['content-length']).toBe('1000');
  });

  test('in chunks, in order, with a status in between', async () => {
    const location = await begin();
    const first = await world.ask('PATCH', location, { body: content.subarray(0, 400), headers: { 'content-range': '0-399' } });
    expect(first).toMatchObject({ status: 202, headers: { range: '0-399' } });
    expect(await world.ask('GET', location)).toMatchObject({ status: 204, headers: { range: '0-399' } });
    await world.ask('PATCH', location, { body: content.subarray(400, 700), headers: { 'content-range': '400-699' } });
    expect((await world.ask('PUT', `${location}?digest=${digest}`, { body: content.subarray(700), headers: { 'content-range': '700-999' } })).status).toBe(201);
    expect((await world.ask('GET', `/v2/demo/app/blobs/${digest}`)).body.equals(content)).toBe(true);
  });

  test.each(['400-799', '0-398', 'x', '5-2', '0-'])('a chunk with Content-Range %s where 0-399 is due is answered 416 with the place to go on, and changes nothing', async (range) => {
    const location = await begin();
    expect(await world.ask('PATCH', location, { body: content.subarray(0, 400), headers: { 'content-range': range } })).toMatchObject({ status: 416, code: 'BLOB_UPLOAD_INVALID', headers: { range: '0-0', location } });
    await world.ask('PATCH', location, { body: content });
    expect((await world.ask('PUT', `${location}?digest=${digest}`)).status).toBe(201);
  });

  test('is answered when it is on disk: first the bytes, then the name of the content, then what the repository has', async () => {
    using syncs = await watchSyncs(join(world.dir, 'registry'));
    const location = await begin();
    await world.ask('PUT', `${location}?digest=${digest}`, { body: content });
    const hex = digest.slice('sha256:'.length);
    expect(syncs.seen).toEqual([`uploads/${location.split('/').at(-1)}`, `content/${hex.slice(0, 2)}`, expect.stringMatching(/^uploads\/.*\.part$/), 'repositories/demo/app/_blobs']);
  });

  test('nothing is a blob too', async () => {
    const { digest: empty } = await world.pushBlob('demo/app', '');
    expect(await world.ask('GET', `/v2/demo/app/blobs/${empty}`)).toMatchObject({ status: 200, headers: { 'content-length': '0' } });
  });

  test('bytes that are not what the digest says are thrown away', async () => {
    const location = await begin();
    expect(await world.ask('PUT', `${location}?digest=${digestOf('other')}`, { body: content })).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
    expect(await world.ask('GET', location)).toMatchObject({ status: 404, code: 'BLOB_UPLOAD_UNKNOWN' });
    expect((await world.ask('POST', `/v2/demo/app/blobs/uploads/?digest=${digestOf('other')}`, { body: content })).code).toBe('DIGEST_INVALID');
    expect(await filesIn('uploads')).toEqual([]);
    expect((await world.ask('HEAD', `/v2/demo/app/blobs/${digest}`)).status).toBe(404);
  });

  test('a cancelled upload is gone', async () => {
    const location = await begin();
    expect((await world.ask('DELETE', location)).status).toBe(204);
    expect((await world.ask('PUT', `${location}?digest=${digest}`, { body: content })).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  test('an upload belongs to the repository that it was begun in', async () => {
    const location = await begin('demo/app');
    expect((await world.ask('PUT', `${location.replace('demo/app', 'demo/other')}?digest=${digest}`, { body: content })).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  test('two at once of one blob both succeed, and it is kept once', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, (_, i) => world.ask('POST', `/v2/demo/app${i % 2}/blobs/uploads/?digest=${digest}`, { body: content })));
    expect(replies.map((reply) => reply.status)).toEqual(Array.from({ length: 8 }, () => 201));
    expect(await filesIn('content')).toEqual([digest.slice(7)]);
    expect(await filesIn('uploads')).toEqual([]);
  });

  test('two who write to one upload at once do not mix their bytes', async () => {
    const location = await begin();
    const slow = httpRequest({ host: '127.0.0.1', port: world.port, method: 'PATCH', path: location, headers: { 'x-as': 'pusher', 'transfer-encoding': 'chunked' } });
    const ended = new Promise((resolve) => {
      slow.on('response', (response) => resolve(response.statusCode));
    });
    slow.write(content.subarray(0, 500));
    await eventually(async () => (await world.ask('GET', location)).headers['range'] === '0-499');
    expect(await world.ask('PATCH', location, { body: 'intruder' })).toMatchObject({ status: 409 });
    slow.end(content.subarray(500));
    expect(await ended).toBe(202);
    expect((await world.ask('PUT', `${location}?digest=${digest}`)).status).toBe(201);
  });

  test('a sender that is killed in the middle can go on where the registry stopped', async () => {
    const location = await begin();
    const socket = connect(world.port, '127.0.0.1');
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nx-as: pusher\r\nContent-Length: 1000\r\n\r\n`);
    socket.write(content.subarray(0, 300));
    await eventually(async () => (await world.ask('GET', location)).headers['range'] === '0-299');
    socket.destroy();
    await eventually(async () => (await world.ask('PATCH', location, { body: content.subarray(300), headers: { 'content-range': '300-999' } })).status === 202);
    expect((await world.ask('PUT', `${location}?digest=${digest}`)).status).toBe(201);
    expect((await world.ask('GET', `/v2/demo/app/blobs/${digest}`)).body.equals(content)).toBe(true);
  });

  test('a registry that is killed in the middle forgets the upload, keeps what was finished, and leaves no rubbish', async () => {
    const kept = await world.pushBlob('demo/app', 'kept');
    await world.pushImage('demo/app', 'v1', { layer: 'in a manifest' });
    const location = await begin();
    await world.ask('PATCH', location, { body: content });
    // Killed between the content and its link.
    await mkdir(join(world.dir, 'registry', 'content', digest.slice(7, 9)), { recursive: true });
    await writeFile(join(world.dir, 'registry', 'content', digest.slice(7, 9), digest.slice(7)), 'half of it');
    await world.restart();
    expect((await world.ask('PUT', `${location}?digest=${digest}`)).code).toBe('BLOB_UPLOAD_UNKNOWN');
    expect(await filesIn('uploads')).toEqual([]);
    expect(await filesIn('content')).not.toContain(digest.slice(7));
    expect((await world.ask('GET', `/v2/demo/app/blobs/${kept.digest}`)).body.toString()).toBe('kept');
    expect((await world.ask('GET', '/v2/demo/app/manifests/v1')).status).toBe(200);
    await world.pushBlob('demo/app', content);
  });

  test('more bytes than a blob may have are cut off', async () => {
    await world.restart({ blobBytesMax: 500 });
    const location = await begin();
    expect(await world.ask('PATCH', location, { body: content })).toMatchObject({ status: 413, code: 'SIZE_INVALID' });
    expect((await world.ask('GET', location)).status).toBe(404);
    expect(await filesIn('uploads')).toEqual([]);
  });

  test('more uploads than are allowed are put off, and idle ones make room', async () => {
    await world.restart({ uploadsMax: 2, uploadIdleMs: 0 });
    await begin();
    await begin();
    expect(await world.ask('POST', '/v2/demo/app/blobs/uploads/')).toMatchObject({ status: 429, code: 'TOOMANYREQUESTS', headers: { 'retry-after': '10' } });
  });
});

describe('mounting', () => {
  test('a blob of another repository appears without its bytes being sent', async () => {
    await world.pushBlob('demo/source', content);
    expect((await world.ask('POST', `/v2/demo/target/blobs/uploads/?mount=${digest}&from=demo/source`)).status).toBe(201);
    expect((await world.ask('GET', `/v2/demo/target/blobs/${digest}`)).body.equals(content)).toBe(true);
  });

  test.each([`mount=${digest}&from=demo/empty`, `mount=${digest}`, `mount=${digest}&from=../demo/source`])('where there is nothing to mount (%s) an ordinary upload begins', async (query) => {
    await world.pushBlob('demo/source', content);
    expect(await world.ask('POST', `/v2/demo/target/blobs/uploads/?${query}`)).toMatchObject({ status: 202, headers: { location: expect.stringContaining('/v2/demo/target/blobs/uploads/') } });
    expect((await world.ask('HEAD', `/v2/demo/target/blobs/${digest}`)).status).toBe(404);
  });
});

describe('pulling a blob', () => {
  test.each([
    ['bytes=0-99', 'bytes 0-99/1000', content.subarray(0, 100)],
    ['bytes=900-', 'bytes 900-999/1000', content.subarray(900)],
    ['bytes=-10', 'bytes 990-999/1000', content.subarray(990)],
    ['bytes=990-5000', 'bytes 990-999/1000', content.subarray(990)],
    ['bytes=-5000', 'bytes 0-999/1000', content],
  ])('Range: %s gives 206 with %s', async (range, shown, bytes) => {
    await world.pushBlob('demo/app', content);
    const reply = await world.ask('GET', `/v2/demo/app/blobs/${digest}`, { headers: { range } });
    expect(reply).toMatchObject({ status: 206, headers: { 'content-range': shown } });
    expect(reply.body.equals(bytes)).toBe(true);
  });

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=500-0', 'bytes=-0'])('Range: %s cannot be satisfied', async (range) => {
    await world.pushBlob('demo/app', content);
    expect(await world.ask('GET', `/v2/demo/app/blobs/${digest}`, { headers: { range } })).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */1000' } });
  });

  test('a range of something else, of several parts, or of an older blob gives the whole', async () => {
    await world.pushBlob('demo/app', content);
    for (const headers of [{ range: 'items=0-1' }, { range: 'bytes=0-1,5-6' }, { range: 'bytes=0-1', 'if-range': '"other"' }]) expect((await world.ask('GET', `/v2/demo/app/blobs/${digest}`, { headers })).status).toBe(200);
    expect((await world.ask('GET', `/v2/demo/app/blobs/${digest}`, { headers: { range: 'bytes=0-1', 'if-range': `"${digest}"` } })).status).toBe(206);
  });

  test('a blob is there only for the repository that has it', async () => {
    await world.pushBlob('demo/mine', content);
    for (const method of ['GET', 'HEAD', 'DELETE']) expect((await world.ask(method, `/v2/demo/yours/blobs/${digest}`)).status).toBe(404);
    expect(await world.registry.blob('demo/yours', digest)).toBeUndefined();
    expect(Buffer.from((await world.registry.blob('demo/mine', digest)) ?? []).equals(content)).toBe(true);
  });

  test('a deleted blob is gone from its repository alone, and from the disk at the next start', async () => {
    await world.pushBlob('demo/a', content);
    await world.pushBlob('demo/b', content);
    expect((await world.ask('DELETE', `/v2/demo/a/blobs/${digest}`)).status).toBe(202);
    expect((await world.ask('HEAD', `/v2/demo/a/blobs/${digest}`)).status).toBe(404);
    await world.restart();
    expect((await world.ask('HEAD', `/v2/demo/b/blobs/${digest}`)).status).toBe(200);
    await world.ask('DELETE', `/v2/demo/b/blobs/${digest}`);
    await world.restart();
    expect(await filesIn('content')).toEqual([]);
  });

  test('what the disk has changed is not handed to the manager', async () => {
    await world.pushBlob('demo/app', content);
    await writeFile(join(world.dir, 'registry', 'content', digest.slice(7, 9), digest.slice(7)), Buffer.alloc(1_000));
    await expect(world.registry.blob('demo/app', digest)).rejects.toMatchObject({ code: 'digest-mismatch' });
    await expect(world.registry.blob('demo/app', digest, { bytesMax: 999 })).rejects.toMatchObject({ code: 'too-large' });
  });
});

/** Waits for an asynchronous condition. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  let held = false;
  const watch = async (): Promise<void> => {
    while (!held) {
      held = await holds();
      await systemClock.sleep(10);
    }
  };
  await Promise.race([watch(), until(() => held, { what: 'the condition' })]);
}
