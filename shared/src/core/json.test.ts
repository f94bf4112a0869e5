import { describe, expect, test } from 'vitest';
import { canonicalJson, parseJson } from './json.ts';

const fault = (code: string) => expect.objectContaining({ code }) as unknown;
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('parseJson', () => {
  test.each([
    ['{"a":[1,-2.5,1e3,true,false,null,"x"]}'],
    [' \t\r\n{ "a" : { } , "b" : [ ] } \n'],
    ['"\\u00e9\\n\\"\\\\\\/ \\ud83d\\ude00"'],
    ['-0'],
    ['9007199254740991'],
  ])('reads %s as the platform does', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ['two keys of one name', '{"layers":[],"layers":[]}', 'duplicate key "layers"'],
    ['two keys of one name in two spellings', '{"a":1,"\\u0061":2}', 'duplicate key "a"'],
    ['two keys of one name deep inside', '{"a":[{"b":1,"b":1}]}', 'duplicate key "b"'],
    ['something after the end', '{} {}', 'extra characters'],
    ['nothing', '', 'a value was expected'],
    ['a comment', '{/* */}', 'a key in double quotes'],
    ['a trailing comma', '{"a":1,}', 'a key in double quotes'],
    ['a trailing comma in a list', '[1,]', 'a value was expected'],
    ['single quotes', "{'a':1}", 'a key in double quotes'],
    ['a missing colon', '{"a" 1}', '":" was expected'],
    ['an unclosed object', '{"a":1', '"," or "}" was expected'],
    ['an unclosed list', '[1', '"," or "]" was expected'],
    ['an unclosed string', '"abc', 'a well-formed string'],
    ['a line feed in a string', '"a\nb"', 'a well-formed string'],
    ['an unknown escape', '"\\x41"', 'a well-formed string'],
    ['half a character', '"\\ud83d"', 'lone surrogate'],
    ['a number with a leading zero', '[01]', '"," or "]" was expected'],
    ['NaN', 'NaN', 'a value was expected'],
    ['an integer that doubles cannot hold', '9007199254740993', 'out of range'],
    ['a number without end', '1e999', 'out of range'],
  ])('refuses %s', (_, text, why) => {
    expect(() => parseJson(text, { what: 'thing' })).toThrow(fault('json-invalid'));
    expect(() => parseJson(text, { what: 'thing' })).toThrow(why);
    expect(() => parseJson(text, { what: 'thing' })).toThrow(/^thing: /);
  });

  test('refuses bytes that are no UTF-8, and a byte order mark', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(fault('json-invalid'));
    expect(() => parseJson(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toThrow(fault('json-invalid'));
    expect(parseJson(Buffer.from('"é"'))).toBe('é');
  });

  test('reads 32 levels and no more, however many come', () => {
    expect(parseJson(nested(32))).toBeInstanceOf(Array);
    expect(() => parseJson(nested(33))).toThrow('more than 32 levels');
    expect(() => parseJson(nested(100_000))).toThrow('more than 32 levels');
    expect(() => parseJson('{"a":'.repeat(10_000))).toThrow('more than 32 levels');
  });

  test('counts its size limit in bytes', () => {
    expect(parseJson('"éé"', { sizeBytesMax: 6 })).toBe('éé');
    expect(() => parseJson('"éé"', { sizeBytesMax: 5 })).toThrow(fault('too-large'));
    expect(() => parseJson(Buffer.from('"éé"'), { sizeBytesMax: 5 })).toThrow(fault('too-large'));
  });

  test('keeps "__proto__" as an ordinary key', () => {
    const value = parseJson('{"__proto__":{"polluted":true}}');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('polluted');
    expect(value).not.toHaveProperty('polluted');
  });

  test('reads a long string without running out of stack', () => {
    const text = JSON.stringify('\n'.repeat(1 << 20));
    expect(parseJson(text)).toBe('\n'.repeat(1 << 20));
  });
});

describe('canonicalJson', () => {
  test('sorts keys by UTF-16 code units, at each level, without white space (RFC 8785, 3.2.3)', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7, nested: { b: [], a: {} } };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"nested":{"a":{},"b":[]},"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  test('writes numbers as RFC 8785 shows them', () => {
    expect(canonicalJson([1.0000000000000002, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe('[1.0000000000000002,1e+30,4.5,0.002,1e-27,0]');
  });

  test('gives one text for one meaning, and itself again when read back', () => {
    const text = canonicalJson({ b: [1, { d: 'é"\\\n', c: null }], a: true });
    expect(text).toBe(canonicalJson({ a: true, b: [1, { c: null, d: 'é"\\\n' }] }));
    expect(canonicalJson(parseJson(text))).toBe(text);
  });

  test('leaves out members without a value', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [undefined], [[undefined]], [() => 0], ['\ud83d'], [{ '\ude00': 1 }]])('has no way to write %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(fault('internal'));
  });
});
