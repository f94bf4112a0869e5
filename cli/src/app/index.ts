export { AppManifest, readAppManifest } from './manifest.ts';
export { type Built, buildApp, buildToFile } from './build.ts';
export { type Pushed, pushApp, signApp } from './push.ts';
export { type VerifyAnswer, verifyApp } from './verify.ts';
