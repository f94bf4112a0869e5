import { expect, test, vi } from 'vitest';
import { output, plain } from './index.ts';

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

test('JSON of hostile text holds nothing that a terminal obeys, and is the same JSON', () => {
  const hostile = { name: 'a\u009b31m\u202e\u0007' };
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  output.json(hostile);
  output.said('first\n2026-01-01 forged');
  write.mockRestore();
  expect(written[0]).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(JSON.parse(written[0] ?? '')).toEqual(hostile);
  expect(written[1]).toBe('first⏎2026-01-01 forged\n');
});
