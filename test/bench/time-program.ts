import { spawn } from 'node:child_process';
import { Fault, systemClock } from '@pier/shared/core';
import { childEnv } from '../support/stage.ts';

/** From before the start of a program to its end, in milliseconds. Faults: `internal` when it fails. */
export async function timeProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const fromNs = systemClock.monotonicNs();
  const child = spawn(file, args, { stdio: 'ignore', env: childEnv(env) });
  const status = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'gone'));
  });
  if (status !== 0) throw new Fault('internal', `${file} ${args.join(' ')} ended with ${status}`);
  return Number(systemClock.monotonicNs() - fromNs) / 1e6;
}

/** Each of several programs so many times, in turn, so that what the machine does meanwhile hits all of them. */
export async function timeInTurn<Name extends string>(runs: number, programs: Readonly<Record<Name, () => Promise<number>>>): Promise<Record<Name, number[]>> {
  const names = Object.keys(programs) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]] as const)) as Record<Name, number[]>;
  for (let n = 0; n < runs; n += 1) for (const name of names) times[name].push(await programs[name]());
  return times;
}
