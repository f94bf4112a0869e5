import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { unsound } from './copy.ts';
import { faults } from './faults.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every named fault still has its line in the tree, once, and its tests', () => {
  expect(faults.length).toBeGreaterThan(100);
  expect(faults.flatMap((fault) => unsound(root, fault) ?? [])).toEqual([]);
});

test('each fault has a name of its own', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
});
