import { spawn } from 'node:child_process';
import { Fault } from '@pier/shared/core';

/** Runs a tool to its end; gives its stdout. Faults: `platform-unsupported` where it is not, or fails; `debian` names the package that has it. */
export async function run([program = '', ...args]: readonly string[], debian: string, signal: AbortSignal): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (text.stderr += piece));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject('code' in error && error.code === 'ENOENT' ? new Fault('platform-unsupported', `${program} is not here; the Debian package ${debian} has it`) : error));
    child.once('close', resolve);
  });
  if (status === 127) throw new Fault('platform-unsupported', `${text.stderr.trim().slice(-1_000)}; the Debian package ${debian} has it`);
  if (status !== 0) throw new Fault('platform-unsupported', `${program} ended with ${status}: ${text.stderr.trim().slice(-1_000)}`);
  return text.stdout;
}
