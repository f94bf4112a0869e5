/**
 * `npm run sabotage [-- NAME…]`: puts one named fault at a time into a copy of the tree and runs the tests that claim to
 * catch it. A fault that no test catches fails the run: the tests would pass with the feature gone.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NamedFault, faults } from './faults.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tops = ['shared', 'agent', 'manager', 'firmware-sim', 'cli', 'sdk', 'examples', 'test', 'package.json', 'vitest.config.ts', 'tsconfig.json'];

const wanted = process.argv.slice(2);
const chosen = faults.filter((fault) => wanted.length === 0 || wanted.includes(fault.name));
const survivors = chosen.filter((fault) => !caught(fault)).map((fault) => fault.name);
process.stdout.write(`\n${chosen.length - survivors.length} passed, ${survivors.length} failed\n`);
process.exitCode = chosen.length > 0 && survivors.length === 0 ? 0 : 1;

function caught(fault: NamedFault): boolean {
  const copy = copyTree();
  try {
    const file = join(copy, fault.file);
    const text = readFileSync(file, 'utf8');
    if (text.split(fault.from).length !== 2) return say(fault, false, `"${fault.from}" does not stand exactly once in ${fault.file}`);
    if (run(copy, fault).status !== 0) return say(fault, false, 'its tests fail without the fault');
    writeFileSync(file, text.replace(fault.from, () => fault.to));
    const after = run(copy, fault);
    return say(fault, after.status !== 0, after.status === 0 ? `nothing noticed it: ${fault.tests.join(', ')}` : 'caught');
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function say(fault: NamedFault, ok: boolean, what: string): boolean {
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${fault.name}: ${what}\n`);
  return ok;
}

function run(copy: string, fault: NamedFault) {
  return spawnSync(process.execPath, [join(copy, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--bail=1', ...fault.tests], { cwd: copy, encoding: 'utf8' });
}

/** The tree without what is built or fetched; packages of ours are linked to the copy, all others to the original. */
function copyTree(): string {
  mkdirSync(join(root, '.pier'), { recursive: true });
  const copy = mkdtempSync(join(root, '.pier', 'sabotage-'));
  for (const top of tops) cpSync(join(root, top), join(copy, top), { recursive: true, filter: (from) => !/\/(?:node_modules|dist)$/.test(from) });
  mkdirSync(join(copy, 'node_modules', '@pier'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) if (name !== '@pier') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  for (const name of readdirSync(join(root, 'node_modules', '@pier'))) symlinkSync(join(copy, name), join(copy, 'node_modules', '@pier', name));
  return copy;
}
