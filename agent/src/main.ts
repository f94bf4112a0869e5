/** The process of a device: `start` is the agent, `run` is one guest at a desk. */
import { Fault, systemClock, systemRandom, toFault } from '@pier/shared/core';
import { processLog, shutdownSignal } from '@pier/shared/process';
import manifest from '../package.json' with { type: 'json' };
import { runAgent } from './agent.ts';
import { runConfig, startConfig, usage } from './config.ts';
import { openSimBoard } from './hardware/index.ts';
import { ownFailure, runFile } from './run-file.ts';
import { workerRunner } from './run/sandbox/index.ts';

const [subcommand, ...argv] = process.argv.slice(2);
const log = processLog('agent');
const signal = shutdownSignal();
const boardOf = (text: string) => (until: AbortSignal) => openSimBoard({ dir: text.slice('sim:'.length), clock: systemClock }, until);

async function start(): Promise<number> {
  const config = startConfig(argv, process.env);
  await runAgent(
    {
      ...config,
      version: manifest.version,
      clock: systemClock,
      random: systemRandom,
      log,
      openBoard: boardOf(config.board),
      runner: workerRunner({ clock: systemClock, log }),
      onReady: (device) => {
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
  return runFile({ ...config, openBoard: config.board === undefined ? undefined : boardOf(config.board), runner: workerRunner({ clock: systemClock, log }), clock: systemClock, log, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }, signal);
}

const subcommands: Readonly<Record<string, () => Promise<number>>> = { start, run };

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
    process.exitCode = subcommand === 'run' && fault.code !== 'input-invalid' ? ownFailure : fault.exit;
  }
}
// Nothing of ours is open any more; a library's idle timer must not keep the process.
process.exit();
