import { expect, test } from 'vitest';
import { Asks, Limits, permissionWords } from '@pier/shared/capability';
import { touchesOf, untouched } from './touch-groups.ts';

const asks = Asks.parse({
  gpio: [{ label: 'button', mode: 'in' }, { label: 'led', mode: 'out', safe: 'inactive' }, { label: 'siren', mode: 'out', safe: 'inactive' }],
  serial: [{ label: 'meter', baud: [9600] }],
  storage: [{ label: 'data', path: '/data', maxBytes: 1_000 }],
  telemetry: [{ label: 'power', unit: 'W' }, { label: 'flow' }],
});
const limits = Limits.parse({});

test('each sentence of the API stands in the group of its kind, and what is left are limits', () => {
  const { groups, limits: said } = touchesOf({ asks, permissions: permissionWords(asks, limits) });
  expect(groups.map(({ title, labels }) => [title, labels])).toEqual([
    ['Switch 2 outputs', ['led', 'siren']],
    ['Read 1 input', ['button']],
    ['Use 1 serial port', ['meter']],
    ['Keep files in 1 folder of its own', ['data']],
    ['Send 2 measurements', ['power', 'flow']],
  ]);
  for (const { labels, sentences } of groups) {
    expect(sentences).toHaveLength(labels.length);
    labels.forEach((label, index) => expect(sentences[index]).toContain(`“${label}”`));
  }
  expect(said).toEqual(permissionWords(Asks.parse({}), limits));
});

test('no sentence is lost or shown twice', () => {
  const permissions = permissionWords(asks, limits);
  const { groups, limits: said } = touchesOf({ asks, permissions });
  expect([...groups.flatMap(({ sentences }) => sentences), ...said].toSorted()).toEqual([...permissions].toSorted());
});

test('fewer sentences than asks, as an older manager might give, leave labels and invent nothing', () => {
  const { groups, limits: said } = touchesOf({ asks, permissions: [] });
  expect(groups.flatMap(({ sentences }) => sentences)).toEqual([]);
  expect(groups.flatMap(({ labels }) => labels)).toHaveLength(7);
  expect(said).toEqual([]);
});

test('what is not asked for is said to be out of reach, what is asked for only beyond that', () => {
  expect(untouched({ asks: Asks.parse({}) })).toEqual(['no network', 'no files', 'no output', 'no input', 'no serial port', 'no measurements']);
  expect(untouched({ asks })).toEqual(['no network', 'no other files', 'no other output', 'no other input', 'no other serial port']);
});
