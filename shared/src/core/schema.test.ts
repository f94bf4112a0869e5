import { expect, test } from 'vitest';
import * as z from 'zod';
import { check, checkJson, readJson } from './schema.ts';

const Person = z.strictObject({ name: z.string(), age: z.int() });
const fault = (code: string) => expect.objectContaining({ code }) as unknown;

test('a value that fits comes back typed', () => {
  expect(check(Person, { name: 'a', age: 1 }, { what: 'person' })).toEqual({ name: 'a', age: 1 });
});

test('every bad field is named by its path', () => {
  expect(() => check(Person, { name: 1, age: 1.5, extra: true }, { what: 'person' })).toThrow(/^person: name: .*; age: .*extra/s);
  expect(() => check(Person, null, { what: 'person', code: 'conflict' })).toThrow(fault('conflict'));
});

test('a long list of issues is cut', () => {
  const bad = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${'x'.repeat(300)}${n}`, 1]));
  expect(() => check(z.record(z.string(), z.string()), bad, { what: 'map' })).toThrow(/^.{1,2100}$/s);
});

const reading = { what: 'person file', code: 'manifest-invalid', sizeBytesMax: 40 } as const;

test('bytes are read strictly, and whatever is wrong has the code that the caller names', () => {
  expect(checkJson(Person, Buffer.from('{"name":"a","age":1}'), reading)).toEqual({ name: 'a', age: 1 });
  for (const bad of ['{"name":"a","name":"b","age":1}', '{', '{"name":"a"}', `{"name":"${'a'.repeat(40)}","age":1}`]) {
    expect(() => checkJson(Person, Buffer.from(bad), reading), `text ${bad}`).toThrow(fault('manifest-invalid'));
  }
  expect(() => readJson(Buffer.from([0xff]), reading)).toThrow(fault('manifest-invalid'));
});
