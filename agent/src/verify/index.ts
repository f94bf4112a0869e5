export { type Registries, openRegistries } from './registries.ts';
export { type Trust, openTrust } from './trust.ts';
export { createVerifier } from './verifier.ts';
