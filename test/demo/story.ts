import type { Stage } from '../support/stage.ts';
import { missOneDevice, trapAtCanary, turnBack } from './acts/failures.ts';
import { byHand } from './acts/hands.ts';
import { raise, raiseAgain } from './acts/raise.ts';
import { refuseCorrupted, refuseStranger, waitForConsent } from './acts/refusals.ts';
import { rollOutInWaves, rollOutMeter } from './acts/waves.ts';
import { idsOf, led, type Play } from './play.ts';
import type { Kept } from './kept.ts';
import type { Steps } from './steps.ts';

const acts: readonly ((play: Play) => Promise<void>)[] = [rollOutInWaves, rollOutMeter, refuseCorrupted, refuseStranger, waitForConsent, trapAtCanary, missOneDevice, turnBack, byHand];

/** Plays the whole story on a fresh stage; any step that does not hold is a fault. */
export async function playStory(stage: Stage, steps: Steps): Promise<Play> {
  const play = await raise(stage, steps);
  await using _ = play.judge;
  for (const act of acts) await act(play);
  return play;
}

/** Starts the fleet of an earlier demo: it goes on with what it ran. */
export async function goOn(stage: Stage, steps: Steps, kept: Kept): Promise<Play> {
  const play = await raiseAgain(stage, steps, kept);
  await using _ = play.judge;
  await steps.step('the same fleet goes on with what it ran', () => play.judge.ask('blinks', { devices: idsOf(play.fleet), line: led, edges: 2 }));
  return play;
}
