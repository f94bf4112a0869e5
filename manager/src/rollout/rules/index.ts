export { type Held, type Next, advance, atWork, badEnds, isFinished, leftOut, mayMove, transitions } from './deployment.ts';
export { type FallBack, fallBack, wayBack } from './fall-back.ts';
export { type Counts, type Verdict, judgeWave, sumOf } from './gate.ts';
export { type Progress, type RolloutStep, type WaveFacts, type WaveStep, allCounts, desertedStep, isBroken, openTo, progressOf } from './progress.ts';
export { type WaitingCode, absentCodes, foundByOffering, reasonOf, reasonToWait, waitingReasons } from './reasons.ts';
export { approvalCodes, engineMayMove, verbSteps, waveMayMove } from './states.ts';
export { deadlineMs, overdue, retryAfterMs } from './times.ts';
export { type Fit, type VerbFacts, judgeVerb, stepOfVerb, wavesHealed, wavesToAdvance } from './verbs.ts';
