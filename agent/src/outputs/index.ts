export { type HeldOutput, readOutputs } from './held-output.ts';
export { type Outputs, openOutputs } from './outputs.ts';
export { makeOutputsSafe, withSafeOutputs } from './make-safe.ts';
