/** `npm run demo`: a manager, a simulated board with the real agent, and a signed app, played before your eyes. */
import { fileURLToPath } from 'node:url';
import { toFault } from '@pier/shared/core';
import { shutdownSignal } from '@pier/shared/process';
import { holdFolder } from './folder.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { openStage } from '../support/stage.ts';
import { type Steps, printSteps } from './steps.ts';
import { type Told, playStory } from './story.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

process.exitCode = await demo();

async function demo(): Promise<number> {
  const signal = shutdownSignal();
  try {
    const options = readOptions(process.argv.slice(2), root);
    using _ = holdFolder(options.dir);
    await using stage = openStage(options.dir);
    // With --ready json, stdout is for that one line.
    const steps = printSteps((text) => void (options.ready ? process.stderr : process.stdout).write(text), (options.ready ? process.stderr : process.stdout).isTTY);
    const told = await untilStopped(signal, playStory(stage, steps));
    if (told === undefined) return 130;
    steps.say(`\n${steps.passed} steps passed`);
    if (!options.once) await stayUp(told, { options, steps, signal });
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

async function stayUp(told: Told, { options, steps, signal }: { options: DemoOptions; steps: Steps; signal: AbortSignal }): Promise<void> {
  if (options.ready) process.stdout.write(`${JSON.stringify({ ready: true, ...told.manager })}\n`);
  const { manager } = told;
  steps.say(`
Pier is up: ${manager.http}
  log in as ${manager.admin.user} with ${manager.admin.password}

In another shell, in this folder:
  export PIER_MANAGER=${manager.http} PIER_API_TOKEN=${manager.admin.token} PIER_HOME=${told.home}
  ./pier device show ${told.device}
  ./pier sim press ${told.board} button
  ./pier cmd ${told.device} ping

Ctrl-C ends it all.`);
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
