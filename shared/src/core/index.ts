export { type FaultCode, type Refusal, type Verdict, Fault, accept, faultCodes, invariant, isFaultCode, refuse, toFault } from './faults.ts';
export { AppName, Attempt, CommandId, Counter, DeviceId, Digest, KeyId, Label, Rev, Version } from './ids.ts';
export { type Clock, type Random, backoffMs, isoTime, systemClock, systemRandom } from './clock.ts';
export { Bounded } from './bounded.ts';
export { type Json, canonicalJson, parseJson } from './json.ts';
export { type Reading, check, checkJson, issuesOf, readJson } from './schema.ts';
export { type Log, silentLog } from './log.ts';
export { type Step, isStep, steps } from './steps.ts';
