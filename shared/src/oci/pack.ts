import type { Asks, Limits } from '../capability/index.ts';
import { type AppName, type Digest, Fault, type Version, canonicalJson } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';
import { annotationNames, mediaTypes, ociLimits } from './media-types.ts';

export type PackedBlob = { readonly digest: Digest; readonly bytes: Uint8Array };
export type PackedArtifact = { readonly digest: Digest; readonly manifest: Uint8Array; readonly config: PackedBlob; readonly layer: PackedBlob };

/**
 * An app as an artifact of the CNCF Wasm OCI layout 1.1, with Pier's facts as annotations. The same input gives the same bytes
 * everywhere: `created` is required by readers of the layout, and fixed so that a build can be repeated and compared.
 * Faults: `too-large`.
 */
export function packArtifact({ wasm, app, version, counter, asks, limits, title }: {
  readonly wasm: Uint8Array;
  readonly app: AppName;
  readonly version: Version;
  readonly counter: number;
  readonly asks: Asks;
  readonly limits: Limits;
  readonly title: string;
}): PackedArtifact {
  if (wasm.byteLength > ociLimits.layerBytesMax) throw new Fault('too-large', `${title} has ${wasm.byteLength} bytes; an artifact holds at most ${ociLimits.layerBytesMax}`);
  const layer = packed(wasm);
  const config = packed(jsonBytes({ created: '1970-01-01T00:00:00Z', author: null, architecture: 'wasm', os: 'wasip1', layerDigests: [layer.digest], component: null }));
  const manifest = packed(
    jsonBytes({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(mediaTypes.wasmConfig, config),
      layers: [{ ...descriptorOf(mediaTypes.wasm, layer), annotations: { [annotationNames.title]: title } }],
      annotations: {
        [annotationNames.app]: app,
        [annotationNames.asks]: canonicalJson(asks),
        [annotationNames.limits]: canonicalJson(limits),
        [annotationNames.counter]: String(counter),
        [annotationNames.version]: version,
      },
    }),
  );
  return { digest: manifest.digest, manifest: manifest.bytes, config, layer };
}

function packed(bytes: Uint8Array): PackedBlob {
  return { digest: digestOf(bytes), bytes };
}

/** A descriptor in the order of keys that the spec shows; `size` is what other tools read first. */
export function descriptorOf(mediaType: string, { digest, bytes }: PackedBlob): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest, size: bytes.byteLength };
}

function jsonBytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
