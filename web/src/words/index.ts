export { ago, bytes, capital, clockSeconds, clockTime, count, countdown, counted, dayWords, duration, logTime, modelWords, share, shortId, zone } from './format.ts';
export { auditActor, auditRemark, auditWords } from './audit.ts';
export {
  type Family, type IconName, type Part, type StateWords, byFamily, commandWords, deploymentParts, deploymentWords, families, pauseWords, releaseWords, rolloutWords, standingParts, standingWords, waveWords,
} from './states.ts';
export { type Gap, gapOf, rolloutState, rolloutTitle } from './rollout.ts';
export { type Remedy, remedyOf, whyLook } from './why.ts';
