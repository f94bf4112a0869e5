export { buildPackages } from './build.ts';
