import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { Socket } from 'node:net';

const variable = 'PIER_LIFELINE_FD';
const lifelineFd = 3;

/**
 * Calls `onCut` when the process that started this one is gone, however it ended: it holds the write end of a pipe
 * that this one reads. Without the variable (started by hand) nothing is watched.
 */
export function watchLifeline(onCut: () => void): void {
  const fd = Number(process.env[variable] ?? Number.NaN);
  if (!Number.isInteger(fd)) return;
  delete process.env[variable];
  const pipe = new Socket({ fd, readable: true, writable: false });
  const cut = (): void => {
    pipe.destroy();
    onCut();
  };
  pipe.once('end', cut);
  pipe.once('error', cut);
  pipe.resume();
  pipe.unref();
}

export type NodeChild = { readonly child: ChildProcess; readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }> } & AsyncDisposable;

/**
 * Starts a Node program that ends when this process ends (kill -9 included), as long as it calls `watchLifeline`; with
 * `launcher` by way of another program, which has to become Node (exec) and gets the arguments. Disposing sends SIGTERM, then SIGKILL after `graceMs`, and waits for the exit.
 */
export function spawnNode(args: readonly string[], { graceMs = 10_000, launcher = process.execPath, ...options }: SpawnOptions & { graceMs?: number; launcher?: string } = {}): NodeChild {
  const [stdin, stdout, stderr] = Array.isArray(options.stdio) ? options.stdio : [options.stdio, options.stdio, options.stdio];
  const child = spawn(launcher, [...args], {
    ...options,
    env: { ...(options.env ?? process.env), [variable]: String(lifelineFd) },
    stdio: [stdin ?? 'ignore', stdout ?? 'pipe', stderr ?? 'inherit', 'pipe'],
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  // A child that dies early must not crash its parent through the pipe that nobody reads.
  child.stdio[lifelineFd]?.on('error', () => {});
  return { child, exited, [Symbol.asyncDispose]: () => stopChild(child, exited, graceMs) };
}

async function stopChild(child: ChildProcess, exited: Promise<unknown>, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}
