export type RegistryLimits = { readonly [K in keyof typeof registryLimits]: number };

export const registryLimits = {
  /** The size that a registry has to take (distribution-spec, "Pushing Manifests"). */
  manifestBytesMax: 4 << 20,
  blobBytesMax: 2 ** 31,
  uploadsMax: 256,
  /** An upload that nobody touches for so long is thrown away. */
  uploadIdleMs: 60 * 60_000,
  pageMax: 1_000,
} as const satisfies Record<string, number>;
