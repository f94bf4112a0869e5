/** What the process of a device does: `start` is the agent, `safe` its stop hook, `run` is one guest at a desk. Each loads only its own. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { Fault, systemClock, systemRandom, toFault } from '@pier/shared/core';
import { processLog, shutdownSignal } from '@pier/shared/process';
import manifest from '../package.json' with { type: 'json' };
import type { StartConfig } from './config.ts';
import { usage } from './options.ts';
import type { OpenBoard } from './run/index.ts';

/** `thread`: one that was started for the guest of `run`. */
type Words = { readonly argv: readonly string[]; readonly environment: NodeJS.ProcessEnv; readonly thread: Worker | undefined };

const log = processLog('agent');
const signal = shutdownSignal();

/** `folder` is the agent's own, or of the person at a desk. */
async function boardOf({ board, folder, reserve = [] }: { readonly board: string; readonly folder: string; readonly reserve?: StartConfig['reserve'] }): Promise<OpenBoard> {
  const { boardOpener } = await import('./hardware/index.ts');
  return boardOpener({ choice: board, folder: join(folder, 'board'), reserve, clock: systemClock, log });
}

async function start({ argv, environment }: Words): Promise<number> {
  const config = (await import('./config.ts')).startConfig(argv, environment);
  const [{ runAgent }, { workerRunner }, { createSettle, settlingRunner }, openBoard] = await Promise.all([import('./agent.ts'), import('./run/sandbox/index.ts'), import('./settle.ts'), boardOf(config)]);
  using settle = createSettle(systemClock);
  await runAgent(
    {
      ...config,
      version: manifest.version,
      clock: systemClock,
      random: systemRandom,
      log,
      openBoard,
      runner: settlingRunner(workerRunner({ clock: systemClock, log }), settle),
      onReady: (device) => {
        settle.stir();
        log.info({ device }, 'agent.ready');
        if (config.ready) process.stdout.write(`${JSON.stringify({ ready: true, device })}\n`);
      },
    },
    signal,
  );
  return 0;
}

async function run({ argv, thread }: Words): Promise<number> {
  const [{ runConfig }, { runFile }, { workerRunner }] = await Promise.all([import('./run-config.ts'), import('./run-file.ts'), import('./run/sandbox/index.ts')]);
  const config = runConfig(argv);
  const openBoard = config.board === undefined ? undefined : await boardOf({ board: config.board, folder: join(homedir(), '.pier') });
  return runFile({ ...config, openBoard, runner: workerRunner({ clock: systemClock, log, thread }), clock: systemClock, log, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }, signal);
}

const safeTimeoutMs = 5_000;

/** Runs after an agent that was killed, by whoever started it: quick, and without the store, which may be in any state. */
async function safe({ argv, environment }: Words): Promise<number> {
  const [{ safeConfig }, { makeOutputsSafe, readOutputs }] = await Promise.all([import('./config.ts'), import('./outputs/index.ts')]);
  const config = safeConfig(argv, environment);
  const outputs = readOutputs(config.folder);
  if (outputs.length === 0) return 0;
  const until = AbortSignal.any([signal, AbortSignal.timeout(safeTimeoutMs)]);
  const open = await boardOf(config);
  await using board = await open(until);
  const done = await makeOutputsSafe(board, { outputs, clock: systemClock }, until);
  for (const { output, name, fault } of done) {
    const which = `${name} (${output.at.chip} line ${output.at.line}), "${output.label}" of ${output.app}`;
    process.stderr.write(fault ? `pier agent: ${fault.code}: ${which}, could not be put to ${output.safe}: ${fault.message}\n` : `pier agent: ${which}, was put to ${output.safe}\n`);
  }
  return done.find(({ fault }) => fault)?.fault?.exit ?? 0;
}

const subcommands: Readonly<Record<string, (words: Words) => Promise<number>>> = { start, run, safe };

/** Does what the subcommand says; gives the exit status of the process. */
export async function act(subcommand: string | undefined, words: Words): Promise<number> {
  if (subcommand === 'help' || subcommand === '--help' || subcommand === '-h') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    const chosen = subcommand !== undefined && Object.hasOwn(subcommands, subcommand) ? subcommands[subcommand] : undefined;
    if (!chosen) throw new Fault('input-invalid', `"${subcommand ?? ''}" is no subcommand\n${usage}`);
    return await chosen(words);
  } catch (cause) {
    const fault = toFault(cause);
    if (signal.aborted && subcommand === 'start' && fault.code !== 'storage-failed') return 0;
    process.stderr.write(`pier agent: ${fault.code}: ${fault.message}\n`);
    if (fault.code === 'internal' && fault.cause instanceof Error) log.error({ stack: fault.cause.stack }, 'agent.failed');
    return subcommand === 'run' && fault.code !== 'input-invalid' ? (await import('./run-file.ts')).ownFailure : fault.exit;
  }
}
