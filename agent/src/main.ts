/** The process of a device: `start` is the agent, `safe` its stop hook, `run` is one guest at a desk. Each loads only its own. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Fault, systemClock, systemRandom, toFault } from '@pier/shared/core';
import { processLog, shutdownSignal } from '@pier/shared/process';
import manifest from '../package.json' with { type: 'json' };
import { type StartConfig, runConfig, safeConfig, startConfig, usage } from './config.ts';
import { boardOpener } from './hardware/index.ts';
import { makeOutputsSafe, readOutputs } from './outputs/index.ts';
import { createSettle, settlingRunner } from './settle.ts';

const [subcommand, ...argv] = process.argv.slice(2);
const log = processLog('agent');
const signal = shutdownSignal();
/** `folder` is the agent's own, or of the person at a desk. */
const boardOf = ({ board, folder, reserve = [] }: { readonly board: string; readonly folder: string; readonly reserve?: StartConfig['reserve'] }) =>
  boardOpener({ choice: board, folder: join(folder, 'board'), reserve, clock: systemClock, log });

async function start(): Promise<number> {
  const config = startConfig(argv, process.env);
  const [{ runAgent }, { workerRunner }] = await Promise.all([import('./agent.ts'), import('./run/sandbox/index.ts')]);
  using settle = createSettle(systemClock);
  await runAgent(
    {
      ...config,
      version: manifest.version,
      clock: systemClock,
      random: systemRandom,
      log,
      openBoard: boardOf(config),
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

async function run(): Promise<number> {
  const config = runConfig(argv);
  const [{ runFile }, { workerRunner }] = await Promise.all([import('./run-file.ts'), import('./run/sandbox/index.ts')]);
  return runFile({ ...config, openBoard: config.board === undefined ? undefined : boardOf({ board: config.board, folder: join(homedir(), '.pier') }), runner: workerRunner({ clock: systemClock, log }), clock: systemClock, log, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }, signal);
}

const safeTimeoutMs = 5_000;

/** Runs after an agent that was killed, by whoever started it: quick, and without the store, which may be in any state. */
async function safe(): Promise<number> {
  const config = safeConfig(argv, process.env);
  const outputs = readOutputs(config.folder);
  if (outputs.length === 0) return 0;
  const until = AbortSignal.any([signal, AbortSignal.timeout(safeTimeoutMs)]);
  await using board = await boardOf(config)(until);
  const done = await makeOutputsSafe(board, { outputs, clock: systemClock }, until);
  for (const { output, name, fault } of done) {
    const which = `${name} (${output.at.chip} line ${output.at.line}), "${output.label}" of ${output.app}`;
    process.stderr.write(fault ? `pier agent: ${fault.code}: ${which}, could not be put to ${output.safe}: ${fault.message}\n` : `pier agent: ${which}, was put to ${output.safe}\n`);
  }
  return done.find(({ fault }) => fault)?.fault?.exit ?? 0;
}

const subcommands: Readonly<Record<string, () => Promise<number>>> = { start, run, safe };

try {
  const act = subcommand !== undefined && Object.hasOwn(subcommands, subcommand) ? subcommands[subcommand] : undefined;
  if (!act) throw new Fault('input-invalid', `"${subcommand ?? ''}" is no subcommand\n${usage}`);
  process.exitCode = await act();
} catch (cause) {
  const fault = toFault(cause);
  if (signal.aborted && subcommand === 'start' && fault.code !== 'storage-failed') process.exitCode = 0;
  else {
    process.stderr.write(`pier agent: ${fault.code}: ${fault.message}\n`);
    if (fault.code === 'internal' && fault.cause instanceof Error) log.error({ stack: fault.cause.stack }, 'agent.failed');
    process.exitCode = subcommand === 'run' && fault.code !== 'input-invalid' ? (await import('./run-file.ts')).ownFailure : fault.exit;
  }
}
// Nothing of ours is open any more; a library's idle timer must not keep the process.
process.exit();
