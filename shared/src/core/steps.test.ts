import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { steps } from './index.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where a process logs its steps, by name. */
function loggedBy(process: string): string[] {
  const folder = join(root, process, 'src');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name));
  return files.flatMap((entry) => [...readFileSync(join(entry.parentPath, entry.name), 'utf8').matchAll(/\.debug\(\{[^{}]*\}, '(step\.[^']+)'\)/g)].map((match) => match[1] ?? ''));
}

describe.each(['agent', 'manager'])('the steps of the %s', (process) => {
  const logged = loggedBy(process);
  const named = Object.entries(steps).filter(([, step]) => step.process === process).map(([name]) => name);

  test('that the table names are logged, each at one place, so that a number of times means something', () => {
    expect(logged.toSorted()).toEqual(named.toSorted());
  });
});
