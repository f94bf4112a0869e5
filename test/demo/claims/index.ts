import { deviceClaims } from './device.ts';
import { meterClaims } from './meter.ts';
import { rolloutClaims } from './rollout.ts';

export { type BoardAt, type Case } from './look.ts';
export const claims = { ...deviceClaims, ...meterClaims, ...rolloutClaims } as const;
