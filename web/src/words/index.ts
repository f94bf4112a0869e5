export { age, ago, bytes, capital, clockSeconds, clockTime, count, countdown, counted, dayWords, duration, logTime, modelWords, sentence, share, shortDigests, shortId, zone } from './format.ts';
export { auditActor, auditRemark, auditWords } from './audit.ts';
export {
  type Family, type IconName, type Part, type StateWords, byFamily, commandWords, deploymentParts, deploymentWords, families, releaseWords, rolloutWords, standingParts, standingWords, waveWords,
} from './states.ts';
export { type Gap, desertedWave, gapOf, rolloutState, rolloutTitle } from './rollout.ts';
export { remediesOf, whyLook } from './why.ts';
export { readTagNames, readTags } from './tags-text.ts';
export { shellWord } from './shell.ts';
export { firstBoardCommands, firstPolicyCommands, signInCommand } from './first-commands.ts';
