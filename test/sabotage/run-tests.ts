import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Vitest ends each test by its own time limit; this is for a fault that makes the runner itself hang. */
const runTimeoutMs = 5 * 60_000;
/** Many a fault shows by something that never comes. With and without a fault the limit is the same one. */
const unitTimeoutMs = 30_000;
const Report = z.object({ testResults: z.array(z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) })) });

export type Outcome = {
  readonly ok: boolean;
  /** The first test that failed. Undefined also where nothing ran: a file that does not load proves nothing about its tests. */
  readonly failed: string | undefined;
  /** The last words of a run that failed without a failing test. */
  readonly said: string;
};

/** Runs test files in a copy of the tree up to the first failure. */
export async function runTests(folder: string, tests: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const projects = new Set(tests.map((test) => (/^test\/(?:flow|contract)\//.test(test) ? 'flow' : 'unit')));
  const patience = projects.has('flow') ? [] : [`--testTimeout=${unitTimeoutMs}`];
  const options = [...patience, ...[...projects].map((project) => `--project=${project}`), '--bail=1', '--reporter=json', `--outputFile.json=${report}`];
  const { status, said } = await runVitest(folder, [...options, ...tests], AbortSignal.any([signal, AbortSignal.timeout(runTimeoutMs)]));
  return { ok: status === 0, failed: status === 0 ? undefined : firstFailure(report), said };
}

/**
 * In a group of its own, with temporary files of its own: what a faulted program leaves behind (that may be the very fault)
 * is known by either, and ended. Waits for the exit and not for the pipes, which leftovers would hold open.
 */
async function runVitest(folder: string, args: readonly string[], signal: AbortSignal): Promise<{ status: number; said: string }> {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: folder, env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2_000)));
  const end = (): void => kill(-(child.pid ?? 0));
  signal.addEventListener('abort', end, { once: true });
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
    return { status, said };
  } finally {
    signal.removeEventListener('abort', end);
    end();
    for (const pid of processesOf(folder)) kill(pid);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  }
}

function kill(pid: number): void {
  try {
    if (pid !== 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** Processes whose command line names something in the copy, such as a database on a folder there. */
function processesOf(folder: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  return pids.filter((pid) => commandLineOf(pid).includes(`${folder}/`));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has just ended.
    return '';
  }
}

function firstFailure(report: string): string | undefined {
  try {
    const { testResults } = Report.parse(JSON.parse(readFileSync(report, 'utf8')));
    return testResults.flatMap((file) => file.assertionResults).find((test) => test.status === 'failed')?.fullName;
  } catch {
    // No report: the runner fell over before its end.
    return undefined;
  }
}
