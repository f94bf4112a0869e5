/**
 * The attack this stops: one document with two meanings (CVE-2021-41190), digests that are paths (CVE-2024-3727), and
 * artifacts whose parts contradict each other. Whatever is not exactly the expected shape is refused.
 */
import * as z from 'zod';
import { Digest, Fault, type Json, check, checkJson, readJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { Descriptor } from './descriptor.ts';
import { mediaTypes, ociLimits } from './media-types.ts';

export type Blob = { readonly digest: Digest; readonly sizeBytes: number };
export type ArtifactManifest = { readonly config: Blob; readonly layer: Blob; readonly annotations: Readonly<Record<string, string>> };

const Annotations = z.record(z.string(), z.string()).default({});

/** Unknown keys pass (OCI extends manifests so), but `manifests` beside layers makes the document ambiguous. */
const ImageManifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(mediaTypes.manifest),
  config: Descriptor,
  layers: z.array(Descriptor).max(64),
  annotations: Annotations,
  artifactType: z.string().max(255).optional(),
  subject: Descriptor.optional(),
  manifests: z.undefined('"manifests" and "layers" in one document').optional(),
});
type ImageManifest = z.infer<typeof ImageManifest>;

/**
 * Reads a manifest of the CNCF Wasm OCI artifact layout: the wasm config type and one `application/wasm` layer.
 * Faults: `manifest-invalid`; `artifact-unsupported` naming the media types seen.
 */
export function parseArtifactManifest(bytes: Uint8Array): ArtifactManifest {
  const reading = { what: 'artifact manifest', code: 'manifest-invalid', sizeBytesMax: ociLimits.manifestBytesMax } as const;
  const json = readJson(bytes, reading);
  refuseIndex(json);
  const manifest = check(ImageManifest, json, reading);
  const [layer] = manifest.layers;
  if (manifest.config.mediaType !== mediaTypes.wasmConfig || manifest.layers.length !== 1 || layer?.mediaType !== mediaTypes.wasm) throw unsupported(manifest);
  within('config', manifest.config, ociLimits.configBytesMax);
  within('layer', layer, ociLimits.layerBytesMax);
  return { config: blobOf(manifest.config), layer: blobOf(layer), annotations: manifest.annotations };
}

function refuseIndex(json: Json): void {
  if (typeof json !== 'object' || json === null || !('manifests' in json) || 'layers' in json || 'config' in json) return;
  const type = 'mediaType' in json ? JSON.stringify(json['mediaType']) : 'without media type';
  throw new Fault('artifact-unsupported', `an index (${type.slice(0, 128)}) is not run; name one of its manifests by digest`);
}

function unsupported({ config, layers }: ImageManifest): Fault {
  const seen = layers.map((one) => one.mediaType).slice(0, 8).join(', ').slice(0, 600);
  return new Fault('artifact-unsupported', `expected config ${mediaTypes.wasmConfig} and one layer ${mediaTypes.wasm}, saw config ${config.mediaType} and ${layers.length} layers (${seen})`);
}

function within(what: string, { size }: Descriptor, sizeBytesMax: number): void {
  if (size > sizeBytesMax) throw new Fault('manifest-invalid', `${what} of ${size} bytes; at most ${sizeBytesMax} are taken`);
}

function blobOf({ digest, size }: Descriptor): Blob {
  return { digest, sizeBytes: size };
}

const WasmConfig = z.object({ architecture: z.literal('wasm'), os: z.enum(['wasip1', 'wasip2']), layerDigests: z.array(Digest).max(64) });

/** Checks the config blob against its manifest. Faults: `digest-mismatch`, `manifest-invalid`. */
export function checkArtifactConfig(bytes: Uint8Array, { config, layer }: Pick<ArtifactManifest, 'config' | 'layer'>): void {
  const seen = digestOf(bytes);
  if (seen !== config.digest || bytes.byteLength !== config.sizeBytes) throw new Fault('digest-mismatch', `config: expected ${config.digest} of ${config.sizeBytes} bytes, read ${seen} of ${bytes.byteLength}`);
  const { layerDigests } = checkJson(WasmConfig, bytes, { what: 'artifact config', code: 'manifest-invalid', sizeBytesMax: ociLimits.configBytesMax });
  if (layerDigests.length !== 1 || layerDigests[0] !== layer.digest) throw new Fault('manifest-invalid', `config lists layers ${layerDigests.slice(0, 4).join(', ') || '(none)'}, the manifest has ${layer.digest}`);
}

export type SignatureReferrer = { readonly subject: Blob; readonly bundle: Blob; readonly annotations: Readonly<Record<string, string>>; readonly artifactType: string };

/** Reads a manifest that attaches a sigstore bundle to another one. Faults: `manifest-invalid`. */
export function parseSignatureReferrer(bytes: Uint8Array): SignatureReferrer {
  const what = 'signature manifest';
  const { subject, layers, annotations, artifactType } = checkJson(ImageManifest, bytes, { what, code: 'manifest-invalid', sizeBytesMax: ociLimits.referrerBytesMax });
  const [bundle] = layers;
  if (!subject) throw new Fault('manifest-invalid', `${what} has no "subject"`);
  if (artifactType !== mediaTypes.bundle) throw new Fault('manifest-invalid', `${what} has artifact type ${artifactType ?? '(none)'}, expected ${mediaTypes.bundle}`);
  if (layers.length !== 1 || bundle?.mediaType !== mediaTypes.bundle) throw new Fault('manifest-invalid', `${what} must have one layer ${mediaTypes.bundle}, saw ${layers.length}`);
  within('bundle', bundle, ociLimits.bundleBytesMax);
  return { subject: blobOf(subject), bundle: blobOf(bundle), annotations, artifactType };
}

/** What a signature on an artifact is made of, as fetched: the manifest that refers to it, and the bundle in its layer. */
export type SignatureCandidate = { readonly manifest: Uint8Array; readonly bundle: Uint8Array };

export const Index = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(mediaTypes.index),
  manifests: z.array(Descriptor).max(20_000),
  annotations: Annotations,
  layers: z.undefined('"manifests" and "layers" in one document').optional(),
  config: z.undefined('"manifests" and "config" in one document').optional(),
});
export type Index = z.infer<typeof Index>;
