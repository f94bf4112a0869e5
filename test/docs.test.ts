/** The documents that people look things up in name everything that there is to look up. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { faultCodes } from '@pier/shared/core';
import { eventTypes, managerEventTypes } from '@pier/shared/wire';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const rowsOf = (text: string): string[] => text.split('\n').flatMap((line) => [...(/^\|([^|]+)\|/.exec(line)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));

test('each code and each event of a device has a row that says what to do, and nothing else has', () => {
  expect(rowsOf(read('docs/refusals.md')).sort()).toEqual([...Object.keys(faultCodes), ...eventTypes, ...managerEventTypes].sort());
});

test('each link of a document leads to a file that is there, and to a heading in it', () => {
  const documents = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
  const broken = documents.flatMap((name) => [...read(name).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, to = '']) => (/^[a-z]+:/.test(to) || isThere(name, to) ? [] : [`${name}: ${to}`])));
  expect(broken).toEqual([]);
});

function isThere(from: string, to: string): boolean {
  const [path = '', heading] = to.split('#');
  const file = path === '' ? from : relative(root, resolve(root, dirname(from), path));
  try {
    if (heading === undefined) return readdirSync(join(root, dirname(file))).includes(file.split('/').at(-1) ?? '');
    return read(file).split('\n').some((line) => line.startsWith('#') && anchorOf(line) === heading);
  } catch {
    // No such folder or file.
    return false;
  }
}

/** As forges make them: lower case, without punctuation, hyphens for spaces. */
const anchorOf = (line: string): string => line.replace(/^#+\s*/, '').toLowerCase().replace(/[^\p{L}\p{N}\s-]/gu, '').replaceAll(' ', '-');
