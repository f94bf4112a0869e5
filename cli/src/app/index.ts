export { buildApp, buildToFile } from './build.ts';
export { pushApp, signApp } from './push.ts';
export { verifyApp } from './verify.ts';
