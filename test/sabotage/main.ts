/**
 * `npm run sabotage [-- NAME…]`: puts one named fault at a time into a copy of the tree and runs the tests that claim to
 * catch it. A fault that no test catches fails the run: the tests would pass with the feature gone.
 */
import { fileURLToPath } from 'node:url';
import { shutdownSignal } from '@pier/shared/process';
import { type Copy, copyTree, unsound } from './copy.ts';
import { faults } from './faults.ts';
import type { NamedFault } from './named-fault.ts';
import { type Outcome, runTests } from './run-tests.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** As many copies as the usual machine has cores. */
const lanes = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.find((name) => !faults.some((fault) => fault.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`sabotage: there is no fault "${unknown}"; known are ${faults.map((fault) => fault.name).join(', ')}\n`);
    return 2;
  }
  const chosen = faults.filter((fault) => wanted.length === 0 || wanted.includes(fault.name));
  const signal = shutdownSignal();
  const startedMs = performance.now();
  const caught = await inLanes(chosen, signal);
  if (signal.aborted) return 130;
  const failed = chosen.length - caught;
  process.stdout.write(`\n${caught} passed, ${failed} failed\n${chosen.length} faults in ${seconds(startedMs)}\n`);
  return chosen.length > 0 && failed === 0 ? 0 : 1;
}

/** Out: how many were caught. */
async function inLanes(chosen: readonly NamedFault[], signal: AbortSignal): Promise<number> {
  const left = [...chosen];
  const sound = new Map<string, Promise<Outcome>>();
  let caught = 0;
  const lane = async (): Promise<void> => {
    using copy = copyTree(root);
    for (let fault = left.shift(); fault !== undefined && !signal.aborted; fault = left.shift()) {
      const startedMs = performance.now();
      const { ok, why } = await judge(fault, { copy, sound, signal });
      if (signal.aborted) return;
      caught += ok ? 1 : 0;
      process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${fault.name} (${seconds(startedMs)}): ${why}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, chosen.length) }, lane));
  return caught;
}

type Trial = { readonly copy: Copy; readonly sound: Map<string, Promise<Outcome>>; readonly signal: AbortSignal };

async function judge(fault: NamedFault, { copy, sound, signal }: Trial): Promise<{ readonly ok: boolean; readonly why: string }> {
  const { folder } = copy;
  const wrong = unsound(folder, fault);
  if (wrong !== undefined) return { ok: false, why: wrong };
  // Each set of tests is run once without any fault: only then its failure means something.
  const key = fault.tests.toSorted().join();
  const before = sound.get(key) ?? runTests(folder, fault.tests, signal);
  sound.set(key, before);
  const whole = await before;
  if (!whole.ok) return { ok: false, why: `its tests fail without the fault too: ${whole.failed ?? whole.said}` };
  const after = await copy.during(fault, () => runTests(folder, fault.tests, signal));
  if (after.failed !== undefined) return { ok: true, why: `caught by "${after.failed}"` };
  return { ok: false, why: after.ok ? `nothing noticed it: ${fault.tests.join(', ')}` : `the tests fell over, and no test said so: ${after.said}` };
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
}
