export { openRegistry } from './open-registry.ts';
export { type Access } from './access.ts';
export { type RegistryLimits } from './limits.ts';
export { type Registry } from './registry.ts';
