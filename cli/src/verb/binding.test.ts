import { expect, test } from 'vitest';
import { parseBinding } from './binding.ts';

test('a label is bound to a line, in one direction or both, or to storage', () => {
  expect(parseBinding('led=pinctrl-bcm2711:17:out')).toEqual(['led', { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 17, modes: ['out'] }]);
  expect(parseBinding('door=pinctrl-bcm2711:4')).toEqual(['door', { kind: 'gpio', chip: 'pinctrl-bcm2711', line: 4, modes: ['in', 'out'] }]);
  expect(parseBinding('data=storage:65536')).toEqual(['data', { kind: 'storage', maxBytes: 65_536 }]);
});

test.each(['led', 'led=17:out', 'led=pinctrl-bcm2711:GPIO17:out', '=chip:1', ''])('"%s" is refused with an example of what is right', (word) => {
  expect(() => parseBinding(word)).toThrow(expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining('led=pinctrl-bcm2711:17:out') }));
});
