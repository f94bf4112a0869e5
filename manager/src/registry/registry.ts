import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Digest, Fault, Log } from '@pier/shared/core';
import type { Access } from './access.ts';
import type { RegistryLimits } from './limits.ts';

export type RegistryOptions = {
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<RegistryLimits>;
  /** Why nothing more may be taken, asked for each piece; undefined while it may. */
  readonly shortage?: () => Fault | undefined;
};

export type StoredManifest = { readonly bytes: Uint8Array; readonly mediaType: string; readonly digest: Digest };

/** An OCI registry (distribution-spec 1.1) on plain files. The reading methods are the manager's own door to the same bytes. */
export type Registry = AsyncDisposable & {
  /** Answers one request under `/v2/`. Never rejects: what fails is answered and logged. */
  handle(request: IncomingMessage, response: ServerResponse, who: Access): Promise<void>;
  /** Undefined when the repository has no such manifest. `reference` is a digest or a tag. */
  manifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** Whole blob in memory. Faults: `too-large` over `bytesMax` (default 64 MiB), `digest-mismatch` when the disk has changed it. */
  blob(repository: string, digest: Digest, options?: { readonly bytesMax?: number }): Promise<Uint8Array | undefined>;
  referrers(repository: string, subject: Digest): Promise<readonly ReferrerDescriptor[]>;
};

/** OCI image-spec descriptor, as the referrers list shows it. */
export type ReferrerDescriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};
