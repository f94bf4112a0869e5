export { type BuiltPackages, buildPackages } from './build.ts';
export { type PackageArch } from './package.ts';
