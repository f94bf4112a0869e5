import { expect, test } from 'vitest';
import { newForm, newWave, planOf } from './form.ts';
import { fieldWords } from './field-words.ts';

test('a field is called as it is on the page, and a wave by its number', () => {
  expect(fieldWords('soakS')).toBe('Soak');
  expect(fieldWords('wave 1 soakS')).toBe('Wave 1, soak');
  expect(fieldWords('waves.1.gate.successPercent')).toBe('Wave 2');
});

test('no field of the form is called by the name that the code has for it', () => {
  const bad = { count: '', percent: '', selector: '', success: '', failure: '', sample: '', present: '', soakS: 'x' };
  const waves = (['count', 'percent', 'selector'] as const).map((by, at) => ({ ...newWave(at + 1, by), ...bad }));
  const read = planOf({ ...newForm(), waves, soakS: '', deadlineS: '', maxInFlight: '', horizonS: '', name: 'x'.repeat(129) });
  const said = read.ok ? [] : read.wrong.map(({ field }) => fieldWords(field));
  expect(said).toHaveLength(25);
  expect(said.filter((words) => /[a-z][A-Z]|^Wave \d$/.test(words))).toEqual([]);
});
