export { annotationNames, mediaTypes, ociLimits } from './media-types.ts';
export { type Reference, isRepository, isTag, parseReference, policyNameOf } from './reference.ts';
export { Descriptor } from './descriptor.ts';
export { type ArtifactManifest, type Blob, type SignatureCandidate, type SignatureReferrer, Index, checkArtifactConfig, parseArtifactManifest, parseSignatureReferrer } from './manifest.ts';
export { type PackedArtifact, type PackedBlob, descriptorOf, packArtifact } from './pack.ts';
export { type RegistryOptions } from './transport.ts';
export { type PulledManifest } from './pull.ts';
export { type RegistryClient, registryClient } from './registry-client.ts';
