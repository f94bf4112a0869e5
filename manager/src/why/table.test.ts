import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { whyCodes, whyReasons } from '@pier/shared/api';

const page = readFileSync(join(import.meta.dirname, '../../../docs/why.md'), 'utf8');

/** A row of the page, as the table of reasons gives it. */
function rowOf(code: (typeof whyCodes)[number]): string {
  const { sentence, remedy } = whyReasons[code];
  return `| \`${code}\` | ${sentence} | ${remedy === null ? '–' : remedy.replaceAll(/\{(\w+)\}/g, '<$1>').replaceAll('<', '&lt;')} |`;
}

test('docs/why.md lists each reason with its sentence and its remedy, in the order of the table, and no other', () => {
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(whyCodes.map(rowOf));
});
