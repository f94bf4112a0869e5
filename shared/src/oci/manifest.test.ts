import { describe, expect, test } from 'vitest';
import { Asks, Limits } from '../capability/index.ts';
import { AppName, Version, canonicalJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { checkArtifactConfig, parseArtifactManifest, parseSignatureReferrer } from './manifest.ts';
import { mediaTypes } from './media-types.ts';
import { type PackedArtifact, packArtifact } from './pack.ts';

const wasm = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const asks = Asks.parse({ gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] });

function pack(): PackedArtifact {
  return packArtifact({ wasm, app: AppName.parse('blink'), version: Version.parse('1.2.3'), counter: 7, asks, limits: Limits.parse({}), title: 'blink.wasm' });
}

const packed = pack();
const good = JSON.parse(Buffer.from(packed.manifest).toString()) as Record<string, unknown> & { config: object; layers: object[]; annotations: object };
const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const fault = (code: string) => expect.objectContaining({ code }) as unknown;

describe('a packed artifact', () => {
  test('has the same bytes each time it is made', () => {
    expect(pack()).toEqual(packed);
    expect(packed.digest).toBe(digestOf(packed.manifest));
  });

  test('is written in the CNCF layout, key by key', () => {
    const digest = digestOf(wasm);
    const config = `{"created":"1970-01-01T00:00:00Z","author":null,"architecture":"wasm","os":"wasip1","layerDigests":["${digest}"],"component":null}`;
    expect(Buffer.from(packed.config.bytes).toString()).toBe(config);
    expect(good).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.wasm.config.v0+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType: 'application/wasm', digest, size: 8, annotations: { 'org.opencontainers.image.title': 'blink.wasm' } }],
      annotations: { 'dev.pier.app': 'blink', 'dev.pier.asks': canonicalJson(asks), 'dev.pier.limits': '{"maxOutputBytesPerS":65536,"memoryMb":32,"watchdogS":60}', 'dev.pier.release': '7', 'org.opencontainers.image.version': '1.2.3' },
    });
  });

  test('is read back as it was packed', () => {
    const read = parseArtifactManifest(packed.manifest);
    expect(read).toMatchObject({ config: { digest: packed.config.digest, sizeBytes: packed.config.bytes.byteLength }, layer: { digest: packed.layer.digest, sizeBytes: 8 }, annotations: { 'dev.pier.app': 'blink' } });
    expect(() => checkArtifactConfig(packed.config.bytes, read)).not.toThrow();
  });

  test('differs when anything about it differs', () => {
    const other = packArtifact({ wasm, app: AppName.parse('blink'), version: Version.parse('1.2.3'), counter: 8, asks, limits: Limits.parse({}), title: 'blink.wasm' });
    expect(other.digest).not.toBe(packed.digest);
    expect(other.layer.digest).toBe(packed.layer.digest);
  });
});

const layer = good.layers[0] ?? {};
const manifests = [{ mediaType: mediaTypes.manifest, digest: packed.digest, size: 1 }];

describe('a manifest is invalid with', () => {
  test.each<[string, unknown]>([
    ['no JSON', 'no'],
    ['two "layers"', `{"layers":[],${JSON.stringify(good).slice(1)}`],
    ['two digests in a descriptor', JSON.stringify(good).replace('"digest":', `"digest":"${packed.digest}","digest":`)],
    ['manifests beside layers', { ...good, manifests }],
    ['manifests beside a config alone', { ...good, layers: undefined, manifests }],
    ['another schema version', { ...good, schemaVersion: 1 }],
    ['no schema version', { ...good, schemaVersion: undefined }],
    ['no media type', { ...good, mediaType: undefined }],
    ['another media type', { ...good, mediaType: mediaTypes.dockerManifest }],
    ['an upper-case digest', { ...good, layers: [{ ...layer, digest: `sha256:${'A'.repeat(64)}` }] }],
    ['a digest of 63 digits', { ...good, layers: [{ ...layer, digest: `sha256:${'a'.repeat(63)}` }] }],
    ['a path for a digest', { ...good, config: { ...good.config, digest: 'sha256:../../etc/passwd' } }],
    ['a sha512 digest', { ...good, layers: [{ ...layer, digest: `sha512:${'a'.repeat(128)}` }] }],
    ['an md5 digest', { ...good, layers: [{ ...layer, digest: `md5:${'a'.repeat(32)}` }] }],
    ['a negative size', { ...good, layers: [{ ...layer, size: -1 }] }],
    ['a fractional size', { ...good, layers: [{ ...layer, size: 8.5 }] }],
    ['a size in words', { ...good, layers: [{ ...layer, size: '8' }] }],
    ['a size of 2^63', JSON.stringify(good).replace('"size":8,', '"size":9223372036854775808,')],
    ['a layer of 257 MiB', { ...good, layers: [{ ...layer, size: 257 << 20 }] }],
    ['a config of 2 MiB', { ...good, config: { ...good.config, size: 2 << 20 } }],
    ['a number as annotation', { ...good, annotations: { ...good.annotations, 'dev.pier.release': 7 } }],
    ['foreign urls', { ...good, layers: [{ ...layer, urls: ['https://elsewhere.example/x'] }] }],
    ['data that is not the content', { ...good, layers: [{ ...layer, data: 'e30=' }] }],
    ['no layers', { ...good, layers: undefined }],
    ['10 000 levels', `{"a":${'['.repeat(10_000)}`],
    ['a byte order mark', `\ufeff${JSON.stringify(good)}`],
    ['bytes after the end', `${JSON.stringify(good)}{}`],
    ['5 MiB', { ...good, annotations: { filler: 'x'.repeat(5 << 20) } }],
  ])('%s', (_, value) => {
    expect(() => parseArtifactManifest(bytes(value))).toThrow(fault('manifest-invalid'));
  });
});

describe('an artifact of another shape is unsupported, and says what it is made of', () => {
  test.each<[string, unknown, string]>([
    ['two layers', { ...good, layers: [layer, layer] }, '2 layers (application/wasm, application/wasm)'],
    ['no layer', { ...good, layers: [] }, '0 layers'],
    ['an older wasm layer type', { ...good, layers: [{ ...layer, mediaType: 'application/vnd.wasm.content.layer.v1+wasm' }] }, 'application/vnd.wasm.content.layer.v1+wasm'],
    ['an image', { ...good, config: { ...good.config, mediaType: 'application/vnd.oci.image.config.v1+json' } }, 'config application/vnd.oci.image.config.v1+json'],
    ['an index', { schemaVersion: 2, mediaType: mediaTypes.index, manifests }, mediaTypes.index],
    ['an index that does not say so', { schemaVersion: 2, manifests }, 'without media type'],
  ])('%s', (_, value, seen) => {
    expect(() => parseArtifactManifest(bytes(value))).toThrow(fault('artifact-unsupported'));
    expect(() => parseArtifactManifest(bytes(value))).toThrow(seen);
  });
});

test('keys that later specs may add are passed over', () => {
  expect(parseArtifactManifest(bytes({ ...good, later: true, layers: [{ ...layer, later: 1 }] })).layer.sizeBytes).toBe(8);
});

test('embedded data that is the content may be there', () => {
  expect(parseArtifactManifest(bytes({ ...good, layers: [{ ...layer, data: wasm.toString('base64') }] })).layer.digest).toBe(digestOf(wasm));
});

describe('a config', () => {
  const configured = (value: unknown) => {
    const content = bytes(value);
    return () => checkArtifactConfig(content, { config: { digest: digestOf(content), sizeBytes: content.byteLength }, layer: { digest: digestOf(wasm), sizeBytes: 8 } });
  };
  const config = JSON.parse(Buffer.from(packed.config.bytes).toString()) as object;

  test.each<[string, unknown]>([
    ['a layer that the manifest does not have', { ...config, layerDigests: [digestOf('x')] }],
    ['no layers', { ...config, layerDigests: [] }],
    ['the layer twice', { ...config, layerDigests: [digestOf(wasm), digestOf(wasm)] }],
    ['no list of layers', { ...config, layerDigests: undefined }],
    ['another architecture', { ...config, architecture: 'arm64' }],
    ['another system', { ...config, os: 'linux' }],
    ['no JSON', ''],
  ])('is invalid with %s', (_, value) => {
    expect(configured(value)).toThrow(fault('manifest-invalid'));
  });

  test('may say more, and name a newer system: the bytes of the module decide', () => {
    expect(configured({ ...config, os: 'wasip2', extra: 1, component: { exports: [], imports: [] } })).not.toThrow();
  });

  test('with one flipped bit is not the one that was named', () => {
    const flipped = Buffer.from(packed.config.bytes);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    expect(() => checkArtifactConfig(flipped, parseArtifactManifest(packed.manifest))).toThrow(fault('digest-mismatch'));
  });
});

describe('a signature manifest is invalid', () => {
  const descriptor = { mediaType: mediaTypes.bundle, digest: digestOf('bundle'), size: 6 };
  const referrer = { schemaVersion: 2, mediaType: mediaTypes.manifest, artifactType: mediaTypes.bundle, config: { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2 }, layers: [descriptor], subject: { mediaType: mediaTypes.manifest, digest: packed.digest, size: 10 } };

  test('never when it is whole', () => {
    expect(parseSignatureReferrer(bytes(referrer))).toMatchObject({ subject: { digest: packed.digest, sizeBytes: 10 }, bundle: { digest: digestOf('bundle'), sizeBytes: 6 } });
  });

  test.each<[string, unknown]>([
    ['without a subject', { ...referrer, subject: undefined }],
    ['with another artifact type', { ...referrer, artifactType: 'application/spdx+json' }],
    ['without an artifact type', { ...referrer, artifactType: undefined }],
    ['with two layers', { ...referrer, layers: [descriptor, descriptor] }],
    ['without a layer', { ...referrer, layers: [] }],
    ['with another layer type', { ...referrer, layers: [{ ...descriptor, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }] }],
    ['with a bundle of 1 GiB', { ...referrer, layers: [{ ...descriptor, size: 1 << 30 }] }],
    ['with a subject of negative size', { ...referrer, subject: { ...referrer.subject, size: -1 } }],
  ])('%s', (_, value) => {
    expect(() => parseSignatureReferrer(bytes(value))).toThrow(fault('manifest-invalid'));
  });
});
