import * as z from 'zod';
import { Digest } from '../core/index.ts';
import { digestOf } from '../digest/index.ts';

/** Content named by hash and size (OCI image-spec, "Content Descriptors"). `urls` are refused: content comes from its registry. */
export const Descriptor = z
  .object({
    mediaType: z.string().min(1).max(255),
    digest: Digest,
    size: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
    annotations: z.record(z.string(), z.string()).optional(),
    artifactType: z.string().max(255).optional(),
    data: z.base64().optional(),
    urls: z.undefined('content by foreign "urls" is not fetched').optional(),
  })
  .refine(dataFits, 'its embedded "data" is not the content that digest and size name');
export type Descriptor = z.infer<typeof Descriptor>;

function dataFits({ data, digest, size }: { data?: string | undefined; digest: Digest; size: number }): boolean {
  if (data === undefined) return true;
  const bytes = Buffer.from(data, 'base64');
  return bytes.byteLength === size && digestOf(bytes) === digest;
}
