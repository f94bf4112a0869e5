import { expect, test } from 'vitest';
import { dropDraft, keepDraft, readDraft } from './draft.ts';
import { newForm, withWave } from './form.ts';

function toyStorage() {
  const kept = new Map<string, string>();
  return { kept, getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) };
}

test('what was typed comes back as it was, until it is dropped', () => {
  const storage = toyStorage();
  const form = { ...withWave(newForm({ devices: 'a,b' })), soakS: 'half typed' };
  expect(readDraft(storage)).toBeUndefined();
  keepDraft(storage, { savedMs: 5, form });
  expect(readDraft(storage)).toEqual({ savedMs: 5, form });
  dropDraft(storage);
  expect(readDraft(storage)).toBeUndefined();
});

test.each(['{', '{}', '{"savedMs":1,"form":{"release":1}}', 'null'])('%s was not kept by this page', (text) => {
  const storage = toyStorage();
  keepDraft(storage, { savedMs: 1, form: newForm() });
  for (const key of storage.kept.keys()) storage.kept.set(key, text);
  expect(readDraft(storage)).toBeUndefined();
});

test.each([
  ['a word that no field has', (text: string) => text.replace('"static"', '"sometimes"')],
  ['a wave without a field', (text: string) => text.replace('"sample":"1",', '')],
  ['a field too many', (text: string) => text.replace('"name":""', '"name":"","colour":"red"')],
  ['no wave at all', (text: string) => text.replace(/"waves":\[.*\]/, '"waves":[]')],
])('%s was kept by another version of this page', (_, change) => {
  const storage = toyStorage();
  keepDraft(storage, { savedMs: 1, form: newForm() });
  for (const [key, text] of storage.kept) {
    expect(change(text)).not.toBe(text);
    storage.kept.set(key, change(text));
  }
  expect(readDraft(storage)).toBeUndefined();
});
