/**
 * What may be stored as a manifest. One digest that one reader takes for an image and another for an index is how a checked
 * thing becomes an unchecked one (CVE-2021-41190), so whatever is ambiguous is refused at the door.
 */
import * as z from 'zod';
import { type Digest, Digest as DigestText, Fault, issuesOf, parseJson } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { mediaTypes } from '@pier/shared/oci';
import type { ReferrerDescriptor } from './registry.ts';

const imageTypes: ReadonlySet<string> = new Set([mediaTypes.manifest, mediaTypes.dockerManifest]);
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.index, mediaTypes.dockerList]);
/** Layers that their makers forbid to push; they lie elsewhere. */
const foreignLayer = /nondistributable|\.foreign\./;

const Annotations = z.record(z.string(), z.string());
const Part = z.object({ mediaType: z.string().min(1).max(255), digest: DigestText, size: z.int().min(0) });
const Common = { schemaVersion: z.literal(2), mediaType: z.string().optional(), artifactType: z.string().max(255).optional(), subject: Part.optional(), annotations: Annotations.optional() };
const Image = z.object({ ...Common, config: Part, layers: z.array(Part).max(1_000), manifests: z.undefined().optional() });
const Index = z.object({ ...Common, manifests: z.array(Part).max(10_000), config: z.undefined().optional(), layers: z.undefined().optional() });

type Needed = { readonly kind: 'blob' | 'manifest'; readonly digest: Digest; readonly size: number };
export type CheckedManifest = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly needs: readonly Needed[];
  /** As the referrers list of `subject` shows it. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: ReferrerDescriptor };
};

/** Reads a manifest strictly. Faults: `json-invalid` or `manifest-invalid` with what was wrong. */
export function checkManifest(bytes: Uint8Array, contentType: string | undefined): CheckedManifest {
  const value = parseJson(bytes, { what: 'manifest' });
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid('expected a JSON object');
  const named: unknown = Object.entries(value).find(([key]) => key === 'mediaType')?.[1];
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? named;
  if (typeof mediaType !== 'string' || (!imageTypes.has(mediaType) && !indexTypes.has(mediaType))) throw invalid(`media type ${JSON.stringify(mediaType ?? null)} is not an OCI or Docker manifest or index`);
  if (named !== undefined && named !== mediaType) throw invalid(`its mediaType is ${JSON.stringify(named)}, the Content-Type "${mediaType}"`);
  return imageTypes.has(mediaType) ? checkImage(value, { bytes, mediaType }) : checkIndex(value, { bytes, mediaType });
}

type Frame = { readonly bytes: Uint8Array; readonly mediaType: string };

function checkImage(value: unknown, frame: Frame): CheckedManifest {
  const image = Image.safeParse(value);
  if (!image.success) throw invalid(issuesOf(image.error));
  const { config, layers, artifactType } = image.data;
  const parts = [config, ...layers.filter((layer) => !foreignLayer.test(layer.mediaType))];
  return { ...common(image.data, frame, artifactType ?? config.mediaType), needs: parts.map((part) => ({ kind: 'blob', digest: part.digest, size: part.size })) };
}

function checkIndex(value: unknown, frame: Frame): CheckedManifest {
  const index = Index.safeParse(value);
  if (!index.success) throw invalid(issuesOf(index.error));
  return { ...common(index.data, frame, index.data.artifactType), needs: index.data.manifests.map((part) => ({ kind: 'manifest', digest: part.digest, size: part.size })) };
}

function common({ subject, annotations }: z.infer<typeof Image> | z.infer<typeof Index>, { bytes, mediaType }: Frame, artifactType: string | undefined): Omit<CheckedManifest, 'needs'> {
  const digest = digestOf(bytes);
  if (!subject) return { digest, mediaType };
  const descriptor = { mediaType, digest, size: bytes.byteLength, ...(artifactType === undefined ? {} : { artifactType }), ...(annotations === undefined ? {} : { annotations }) };
  return { digest, mediaType, referrer: { subject: subject.digest, descriptor } };
}

function invalid(why: string): Fault {
  return new Fault('manifest-invalid', `manifest: ${why}`);
}
