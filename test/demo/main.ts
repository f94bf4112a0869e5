/** `npm run demo`: a manager, six simulated boards with the real agent, and two signed apps, played before your eyes. */
import { fileURLToPath } from 'node:url';
import { toFault } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { holdFolder } from './folder.ts';
import { keep } from './kept.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { openStage } from '../support/stage.ts';
import type { Play } from './play.ts';
import { type Steps, printSteps } from './steps.ts';
import { goOn, playStory } from './story.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

process.exitCode = await demo();

async function demo(): Promise<number> {
  const signal = shutdownSignal();
  try {
    const options = readOptions(process.argv.slice(2), root);
    using folder = holdFolder(options.dir, { anew: options.once || options.reset });
    await using stage = openStage(options.dir);
    // With --ready json, stdout is for that one line.
    const steps = printSteps((text) => void (options.ready ? process.stderr : process.stdout).write(text), (options.ready ? process.stderr : process.stdout).isTTY);
    const play = await untilStopped(signal, folder.kept ? goOn(stage, steps, folder.kept) : playStory(stage, steps));
    if (play === undefined) return 130;
    keep(options.dir, play.manager);
    steps.say(`\n${steps.passed} steps passed`);
    if (!options.once) await stayUp(play, { options, steps, signal });
    return 0;
  } catch (thrown) {
    const fault = toFault(thrown);
    process.stderr.write(`demo: ${fault.message}\n`);
    return fault.code === 'input-invalid' || fault.code === 'conflict' ? fault.exit : 1;
  }
}

function untilStopped<T>(signal: AbortSignal, story: Promise<T>): Promise<T | undefined> {
  const stopped = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  return Promise.race([story, stopped]);
}

async function stayUp(play: Play, { options, steps, signal }: { options: DemoOptions; steps: Steps; signal: AbortSignal }): Promise<void> {
  const { manager, fleet, env } = play;
  if (options.ready) process.stdout.write(`${JSON.stringify({ ready: true, ...manager })}\n`);
  const [first] = fleet;
  steps.say(`
Pier is up: ${manager.http}
  log in as ${manager.admin.user} with ${manager.admin.password}

In another shell, in this folder:
  export PIER_MANAGER=${manager.http} PIER_API_TOKEN=${manager.admin.token} PIER_HOME=${env['PIER_HOME']}
  ./pier device list -l 'site=harbour'
  ./pier device show ${first?.device}
  ./pier device logs ${first?.device} meter -f
  ./pier sim press ${first?.board.dir} button
  ./pier cmd ${first?.device} ping
  ./pier rollout list

Ctrl-C ends it; "npm run demo" goes on with the same fleet, "npm run demo -- --reset" starts anew.`);
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
