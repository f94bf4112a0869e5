import { expect, test } from 'vitest';
import { differencesOf } from './differences.ts';

const led = { chip: 'pinctrl', kind: 'gpio', line: 17, modes: ['out'] };

test('what came, what went and what is other is told by its path', () => {
  expect(differencesOf({ app: 'blink', before: { led, old: { line: 4 } }, after: { led: { ...led, line: 18 }, siren: { line: 22 } } })).toEqual([
    { path: 'led.line', kind: 'changed', before: '17', after: '18' },
    { path: 'old.line', kind: 'removed', before: '4', after: undefined },
    { path: 'siren.line', kind: 'added', before: undefined, after: '22' },
  ]);
});

test.each([
  ['nothing before', { before: null, after: { tags: { site: 'mill' } } }, [{ path: 'tags.site', kind: 'added', before: undefined, after: 'mill' }]],
  ['nothing after', { before: { tags: { site: 'mill' } }, after: null }, [{ path: 'tags.site', kind: 'removed', before: 'mill', after: undefined }]],
  ['a list', { before: { modes: ['in'] }, after: { modes: ['in', 'out'] } }, [{ path: 'modes', kind: 'changed', before: '["in"]', after: '["in","out"]' }]],
  ['a single value', { before: 500, after: 5 }, [{ path: 'value', kind: 'changed', before: '500', after: '5' }]],
  ['a text that looks like a number', { before: { tag: 5 }, after: { tag: '5' } }, []],
  ['a field that was emptied', { before: { name: 'pump', tags: { a: '1' } }, after: { name: null, tags: {} } }, [
    { path: 'name', kind: 'changed', before: 'pump', after: 'nothing' },
    { path: 'tags', kind: 'added', before: undefined, after: '{}' },
    { path: 'tags.a', kind: 'removed', before: '1', after: undefined },
  ]],
])('%s', (_, detail, expected) => {
  expect(differencesOf(detail)).toEqual(expected);
});

test('the same on both sides is no difference, whatever the order of its fields', () => {
  expect(differencesOf({ before: { a: 1, b: { c: 2 } }, after: { b: { c: 2 }, a: 1 } })).toEqual([]);
});

test('a record with one side only has no difference to tell', () => {
  expect([differencesOf({}), differencesOf({ before: 500, maxInFlight: 5 }), differencesOf({ after: {} })]).toEqual([[], [], []]);
});
