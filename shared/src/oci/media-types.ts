/** Media types that Pier reads and writes (OCI image-spec 1.1, CNCF Wasm OCI artifact layout, sigstore bundle). */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  empty: 'application/vnd.oci.empty.v1+json',
  wasmConfig: 'application/vnd.wasm.config.v0+json',
  wasm: 'application/wasm',
  bundle: 'application/vnd.dev.sigstore.bundle.v0.3+json',
} as const;

/** Ceilings on what a stranger's registry may send; nothing is allocated by a number that came from outside. */
export const ociLimits = {
  manifestBytesMax: 4 << 20,
  configBytesMax: 1 << 20,
  layerBytesMax: 256 << 20,
  referrerBytesMax: 1 << 20,
  bundleBytesMax: 1 << 20,
  signaturesBytesMax: 8 << 20,
  candidatesMax: 64,
  referrerPagesMax: 4,
  signaturesTimeoutMs: 30_000,
} as const;

/** Names of the signed annotations that carry Pier's own facts. */
export const annotationNames = {
  app: 'dev.pier.app',
  version: 'org.opencontainers.image.version',
  counter: 'dev.pier.release',
  asks: 'dev.pier.asks',
  limits: 'dev.pier.limits',
  title: 'org.opencontainers.image.title',
} as const;
