import { type SpawnOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';

const cli = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

export type Ran = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs one `pier` command as a person would, and gives what it printed and how it ended. */
export function runPier(args: readonly string[], options: { env: NodeJS.ProcessEnv; cwd?: string; timeoutMs?: number }): Promise<Ran> {
  return run(process.execPath, [cli, ...args], options);
}

export function run(command: string, args: readonly string[], { env, cwd, timeoutMs = 120_000 }: { env: NodeJS.ProcessEnv; cwd?: string; timeoutMs?: number }): Promise<Ran> {
  const options: SpawnOptions = { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL', ...(cwd === undefined ? {} : { cwd }) };
  const child = spawn(command, [...args], options);
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text.stdout += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (text.stderr += part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ status: code ?? (signal === 'SIGKILL' ? 124 : 143), ...text }));
  });
}

/** The JSON answer of a command that has to succeed. Faults: what it said, when it did not. */
export function answerOf<T>(ran: Ran, what: string): T {
  if (ran.status !== 0) throw new Fault('internal', `${what} ended with ${ran.status}: ${ran.stderr.trim().slice(-600) || ran.stdout.trim().slice(-600)}`);
  return JSON.parse(ran.stdout) as T;
}

/** Starts a program that listens; `line` is the first line of its output that holds `wanted`. Disposing ends it. */
export function hear(command: string, args: readonly string[], { env, wanted }: { env: NodeJS.ProcessEnv; wanted: string }): { readonly line: Promise<string> } & Disposable {
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const line = new Promise<string>((resolve) => lines.on('line', (text) => text.includes(wanted) && resolve(text)));
  return { line, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
