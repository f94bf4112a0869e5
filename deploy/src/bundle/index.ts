export { type Bundle, type BuildRequest, buildBundle, tarOf } from './build.ts';
export { type Arch, archs } from './native.ts';
