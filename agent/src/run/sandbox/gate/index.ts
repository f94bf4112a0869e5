export { admit, moduleBytesMax } from './admit.ts';
export { capModule } from './cap.ts';
export { type WasiName, usesFiles, wasiModule, wasiSignatures } from './wasi-signatures.ts';
