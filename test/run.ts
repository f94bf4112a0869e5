/** `npm test`: types, lint, then unit tests, parts of the UI, flows, packages on a fresh Debian, and pages in a browser; ends with `N passed, N failed`. Words after `--` pick parts: types web-types lint unit web flow package browser. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shutdownSignal } from '@pier/shared/process';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const results = join(root, '.pier', 'results');
const tools = { tsc: 'typescript/bin/tsc', oxlint: 'oxlint/bin/oxlint', vitest: 'vitest/vitest.mjs' };

type Count = { passed: number; failed: number; skipped: number; skippedNames?: readonly string[] };
type Part = { readonly name: string; run(signal: AbortSignal): Promise<Count> };

const parts: readonly Part[] = [
  { name: 'types', run: (signal) => tool([tools.tsc, '-p', 'tsconfig.json'], signal) },
  { name: 'web-types', run: (signal) => tool([tools.tsc, '-p', 'web/tsconfig.json'], signal) },
  { name: 'lint', run: (signal) => tool([tools.oxlint, '--type-aware', '--deny-warnings'], signal) },
  { name: 'unit', run: (signal) => vitest('unit', signal) },
  { name: 'web', run: (signal) => vitest('web', signal) },
  { name: 'flow', run: (signal) => vitest('flow', signal) },
  { name: 'package', run: (signal) => vitest('package', signal) },
  { name: 'browser', run: (signal) => vitest('browser', signal) },
];

process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`test: there is no part "${unknown[0]}"; known are ${parts.map((part) => part.name).join(', ')}\n`);
    return 2;
  }
  const signal = shutdownSignal();
  using _ = withoutLeftover(join(tmpdir(), `tsx-${process.getuid?.() ?? ''}`));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const skipped: string[] = [];
  mkdirSync(results, { recursive: true });
  for (const part of parts) {
    if ((wanted.length > 0 && !wanted.includes(part.name)) || signal.aborted) continue;
    process.stdout.write(`\n== ${part.name}\n`);
    const count = await part.run(signal);
    for (const key of ['passed', 'failed', 'skipped'] as const) sum[key] += count[key];
    skipped.push(...(count.skippedNames ?? []));
  }
  if (signal.aborted) return 130;
  for (const name of skipped) process.stdout.write(`\nskipped: ${name}`);
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}\n`);
  return sum.failed === 0 ? 0 : 1;
}

/** drizzle-kit's loader leaves its cache in the temporary folder; ours to take away if it was not there before. */
function withoutLeftover(path: string): Disposable {
  const was = existsSync(path);
  return { [Symbol.dispose]: () => !was && rmSync(path, { recursive: true, force: true }) };
}

/** Runs a Node program of node_modules; gives its exit status. A stop is passed on. */
function runModule(args: readonly string[], signal: AbortSignal): Promise<number> {
  const [file = '', ...rest] = args;
  const child = spawn(process.execPath, [join(modules, file), ...rest], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true, env: process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1' } });
  // Its own group, so that workers and what they started end with it.
  const stop = (): void => void process.kill(-(child.pid ?? 0), 'SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => {
      signal.removeEventListener('abort', stop);
      done(code ?? 1);
    });
  });
}

async function tool(args: readonly string[], signal: AbortSignal): Promise<Count> {
  const ok = (await runModule(args, signal)) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

async function vitest(project: string, signal: AbortSignal): Promise<Count> {
  const file = resolve(results, `${project}.json`);
  rmSync(file, { force: true });
  const status = await runModule([tools.vitest, 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`], signal);
  return countsOf(file, status);
}

type Report = { readonly numPassedTests: number; readonly numFailedTests: number; readonly numPendingTests: number; readonly testResults: readonly { readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[] }[] };

function skippedIn({ testResults }: Report): string[] {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return all.filter(({ status }) => status === 'skipped' || status === 'pending').map(({ fullName }) => fullName);
}

function countsOf(file: string, status: number): Count {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    // A run that failed outside its tests (a file that does not load, an error nobody caught) has failed all the same.
    return { passed: report.numPassedTests, failed: Math.max(report.numFailedTests, status === 0 ? 0 : 1), skipped: report.numPendingTests, skippedNames: skippedIn(report) };
  } catch {
    // No report: the runner itself fell over.
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
