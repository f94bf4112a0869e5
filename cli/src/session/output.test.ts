import { expect, test } from 'vitest';
import { plain } from './index.ts';

test.each([
  ['a screen that is wiped', 'ok\u001b[2Jgone', 'ok [2Jgone'],
  ['a title that is set', '\u001b]0;root\u0007', ' ]0;root '],
  ['an 8-bit escape', 'a\u009b31m', 'a 31m'],
  ['a line that is overwritten', 'refused\rproven ', 'refused proven '],
  ['writing turned round', 'a\u202eb\u2066c', 'a b c'],
])('%s is shown as text and not obeyed', (_, text, shown) => {
  expect(plain(text)).toBe(shown);
});

test('lines, accents and signs stay as they are', () => {
  expect(plain('é ≤ 日本\n→ ok')).toBe('é ≤ 日本\n→ ok');
});
