export { openRegistry } from './open-registry.ts';
export { type Access } from './access.ts';
export { type RegistryLimits } from './limits.ts';
export { type ReferrerDescriptor, type Registry, type RegistryOptions, type StoredManifest } from './registry.ts';
