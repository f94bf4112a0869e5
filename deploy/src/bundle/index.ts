export { type Bundle, buildBundle, tarOf } from './build.ts';
export type { Provision } from './compiler.ts';
export { type Arch, archs } from './native.ts';
