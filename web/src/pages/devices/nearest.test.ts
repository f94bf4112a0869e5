import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test.each([
  ['dunmor', ['harbour', 'dunmore', 'dunbar'], 'dunmore'],
  ['Dunmore', ['dunmore'], 'dunmore'],
  ['dun', ['dunmore-north'], 'dunmore-north'],
  ['labb', ['lab', 'lob'], 'lab'],
  ['lab', ['lab'], undefined],
  ['harbour', ['quay', 'mill'], undefined],
  ['', ['quay'], undefined],
  ['depto', ['depot', 'depot'], 'depot'],
])('for %j among %j: %s', (word, known, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
