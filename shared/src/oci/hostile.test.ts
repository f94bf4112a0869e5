import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { systemClock } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { mediaTypes } from './media-types.ts';
import { registryClient } from './registry-client.ts';
import { ToyRegistry } from './toy-registry.ts';
import type { RegistryOptions } from './transport.ts';

const signal = new AbortController().signal;
const fault = (code: string, message = '') => ({ code, message: expect.stringContaining(message) as string });
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, layers: [] }));
const content = Buffer.alloc(64 << 10, 0x61);
const blob = { digest: digestOf(content), sizeBytes: content.byteLength };
const patient = { idleMs: 20_000, windowMs: 20_000, windowBytesMin: 1 };

type Answer = (response: ServerResponse, request: IncomingMessage, before: number) => boolean | void;

/** A registry that answers with `answer`, which gives false to have the request served as it should be. */
async function hostile(answer: Answer, options: Omit<RegistryOptions, 'origin'> = {}) {
  let asked = 0;
  const registry = await new ToyRegistry({ meddle: (request, response) => answer(response, request, asked++) !== false }).open();
  registry.put('v1', manifest);
  registry.blobs.set(blob.digest, content);
  const client = registryClient({ origin: registry.origin, ...options });
  return {
    registry,
    manifest: async () => client.manifest('apps/blink', 'v1', signal),
    blob: async ({ restMs = 0 } = {}) => {
      let seenBytes = 0;
      for await (const chunk of client.blob('apps/blink', blob, signal)) {
        seenBytes += chunk.byteLength;
        await systemClock.sleep(restMs);
      }
      return seenBytes;
    },
    push: async () => client.pushBlob('apps/blink', content, signal),
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

const drip = (everyMs: number): Answer => (response) => {
  response.writeHead(200);
  const ticking = systemClock.every(everyMs, () => response.write('a'));
  response.on('close', () => ticking[Symbol.dispose]());
};

test('a blob that drips is given up long before its deadline, with what came and what was expected', async () => {
  await using at = await hostile(drip(20), { pace: { idleMs: 20_000, windowMs: 400, windowBytesMin: 1_000 } });
  await expect(at.blob()).rejects.toMatchObject(fault('timed-out', 'at least 1000 were expected'));
});

test('a blob that stops in the middle is given up after the time for silence', async () => {
  await using at = await hostile((response) => void response.writeHead(200).write('aaaa'), { pace: { ...patient, idleMs: 200 } });
  await expect(at.blob()).rejects.toMatchObject(fault('timed-out', 'fell silent'));
});

test('whoever writes to a slow card is not taken for a slow registry', async () => {
  await using at = await hostile(() => false, { pace: { idleMs: 500, windowMs: 500, windowBytesMin: 1 << 30 } });
  expect(await at.blob({ restMs: 1_000 })).toBe(content.byteLength);
});

test('a blob that is announced longer than declared is corruption before a byte of it is read', async () => {
  await using at = await hostile((response) => response.writeHead(200, { 'content-length': 1 << 30 }).flushHeaders());
  await expect(at.blob()).rejects.toMatchObject(fault('digest-mismatch', 'exceeds its declared'));
});

test('heads without an end are not gathered', async () => {
  await using at = await hostile((response) => void response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200 << 10)}`));
  await expect(at.manifest()).rejects.toMatchObject(fault('unreachable', 'Header overflow'));
});

test('answers before the answer do not put off the deadline', async () => {
  await using at = await hostile((response) => {
    const ticking = systemClock.every(10, () => response.writeProcessing());
    response.on('close', () => ticking[Symbol.dispose]());
  }, { timeoutMs: 300 });
  await expect(at.manifest()).rejects.toMatchObject(fault('timed-out'));
});

test('a page of a captive portal is no manifest', async () => {
  await using at = await hostile((response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to the network</html>'));
  await expect(at.manifest()).rejects.toMatchObject(fault('manifest-invalid'));
});

test('an upload is not sent round in a circle', async () => {
  await using at = await hostile((response, { method }) => (method === 'PUT' ? void response.writeHead(307, { location: '/v2/apps/blink/blobs/uploads/1' }).end() : false));
  await expect(at.push()).rejects.toMatchObject(fault('registry-error', 'redirected a PUT'));
  expect(at.registry.lines('PUT')).toHaveLength(1);
});

test.each([
  ['seconds', () => '0'],
  ['a date by its own clock', () => new Date(1_000).toUTCString()],
])('a registry that asks for patience in %s is asked again', async (_name, after) => {
  await using at = await hostile((response, _request, before) => (before < 2 ? void response.writeHead(before === 0 ? 429 : 503, { 'retry-after': after(), date: new Date(0).toUTCString() }).end() : false));
  expect((await at.manifest()).digest).toBe(digestOf(manifest));
  expect(at.registry.lines('GET')).toHaveLength(3);
});

test('patience has an end: of asking again, of the time asked for, and of the deadline', async () => {
  const busy = (after: string): Answer => (response) => void response.writeHead(429, { 'retry-after': after }).end();
  await using always = await hostile(busy('0'));
  await expect(always.manifest()).rejects.toMatchObject(fault('too-many-requests'));
  expect(always.registry.lines('GET')).toHaveLength(4);
  for (const [after, timeoutMs] of [['86400', 30_000], ['10', 5_000], ['soon', 30_000], ['-1', 30_000]] as const) {
    await using at = await hostile(busy(after), { timeoutMs });
    await expect(at.manifest()).rejects.toMatchObject(fault('too-many-requests'));
    expect({ after, asked: at.registry.lines('GET').length }).toEqual({ after, asked: 1 });
  }
});

test('an upload is not repeated, whatever the registry asks for', async () => {
  await using at = await hostile((response) => void response.writeHead(503, { 'retry-after': '0' }).end());
  await expect(at.push()).rejects.toMatchObject(fault('registry-error'));
  expect(at.registry.requests).toHaveLength(1);
});
