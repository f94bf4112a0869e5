import { describe, expect, test } from 'vitest';
import { Fault } from '../core/index.ts';
import { type Selectable, type Selector, matches, parseSelector, selectorText } from './index.ts';
import { randomDevice, randomSelector, seeded } from './toy-selectors.ts';

const device: Selectable = { id: 'dock-1', name: 'Crane', model: 'raspberry-pi-4b', online: true, tags: { site: 'harbour', role: 'pump', model: 'a tag', empty: '' } };
const tag = (name: string) => ({ of: 'tag', name }) as const;
const field = (name: 'id' | 'name' | 'model' | 'online') => ({ of: 'field', name }) as const;

describe('what is read', () => {
  test.each<[string, Selector]>([
    ['all', { kind: 'all' }],
    ['site=harbour', { kind: 'equals', key: tag('site'), value: 'harbour' }],
    ['  site  !=  "a b"  ', { kind: 'differs', key: tag('site'), value: 'a b' }],
    ['model in (a,b)', { kind: 'in', key: field('model'), values: ['a', 'b'] }],
    ['tag:model not in (a)', { kind: 'notIn', key: tag('model'), values: ['a'] }],
    ['site NoT iN ("a", b)', { kind: 'notIn', key: tag('site'), values: ['a', 'b'] }],
    ['exists(spare)', { kind: 'exists', tag: 'spare' }],
    ['EXISTS ( tag:online )', { kind: 'exists', tag: 'online' }],
    ['NOT all', { kind: 'not', part: { kind: 'all' } }],
    ['online=false', { kind: 'equals', key: field('online'), value: 'false' }],
    ['tag:and="x"', { kind: 'equals', key: tag('and'), value: 'x' }],
    ['site=and', { kind: 'equals', key: tag('site'), value: 'and' }],
    ['site="\\"\\\\"', { kind: 'equals', key: tag('site'), value: '"\\' }],
    ['site=""', { kind: 'equals', key: tag('site'), value: '' }],
    ['at=2026-11-21T10:00:00+01:00', { kind: 'equals', key: tag('at'), value: '2026-11-21T10:00:00+01:00' }],
    ['notice=1', { kind: 'equals', key: tag('notice'), value: '1' }],
    ['a=1 or b=2 and c=3', { kind: 'or', parts: [{ kind: 'equals', key: tag('a'), value: '1' }, { kind: 'and', parts: [{ kind: 'equals', key: tag('b'), value: '2' }, { kind: 'equals', key: tag('c'), value: '3' }] }] }],
    ['not a=1 and b=2', { kind: 'and', parts: [{ kind: 'not', part: { kind: 'equals', key: tag('a'), value: '1' } }, { kind: 'equals', key: tag('b'), value: '2' }] }],
  ])('%s', (text, selector) => {
    expect(parseSelector(text)).toEqual(selector);
  });
});

describe('what is refused, with where, what was expected and what was seen', () => {
  test.each([
    ['', 1, /name of a tag.*saw the end/],
    ['   ', 4, /saw the end/],
    ['site', 5, /=, !=, in or not in after site; saw the end/],
    ['site=', 6, /a value.*saw the end/],
    ['site==a', 6, /a value.*saw "="/],
    ['site=a b', 8, /and, or, or the end; saw "b"/],
    ['site=a and', 11, /saw the end/],
    ['and site=a', 1, /tag:name.*saw "and"/],
    ['all=1', 4, /and, or, or the end; saw "="/],
    ['(site=a', 8, /and, or, or \); saw the end/],
    ['site=a)', 7, /saw "\)"/],
    ['()', 2, /saw "\)"/],
    ['site in a', 9, /\( and a list of values; saw "a"/],
    ['site in ()', 10, /a value.*saw "\)"/],
    ['site in (a,)', 12, /a value/],
    ['site in (a b)', 12, /a comma or \)/],
    ['site not a', 10, /=, !=, in or not in/],
    ['exists site', 8, /\( after exists/],
    ['exists(model)', 8, /every device has model.*tag:model/],
    ['exists(a, b)', 9, /expected \)/],
    ['Site=a', 1, /name of a tag: 1 to 63.*saw "Site"/],
    ['tag:=a', 1, /name of a tag: 1 to 63/],
    ['tag:a:b=a', 1, /name of a tag: 1 to 63/],
    ['"site"=a', 1, /name of a tag/],
    ['online=yes', 8, /true or false.*saw "yes"/],
    ['online in (true, 1)', 18, /true or false/],
    ['site="a', 8, /closing " of the text that starts at character 6; saw the end/],
    ['site="a\\n"', 9, /" or \\ after a backslash; saw "n"/],
    ['site="\\', 8, /after a backslash; saw the end/],
    ["site='a'", 6, /saw "'"/],
    ['site=a; drop', 7, /saw ";"/],
    ['site=a && b=1', 8, /saw "&"/],
    ['site=\u00e4', 6, /saw "ä"/],
    ['site=\u{1f6f3}', 6, /saw "🛳"/],
    ['site="a\0"', 6, /NUL/],
    ['site=a\0', 7, /saw "\\u0000"/],
    ['site="\ud800"', 6, /surrogate/],
    [`site=${'a'.repeat(80)}=`, 86, /saw "="/],
  ])('%j', (text, position, why) => {
    const fault = refusalOf(text);
    expect(fault.message).toMatch(why);
    expect(fault.message).toContain(`character ${position}:`);
    expect(fault.detail).toMatchObject({ position });
  });

  test('nesting, length and number beyond the bounds', () => {
    const nested = (depth: number, open: string, close = '') => `${open.repeat(depth)}all${close.repeat(depth)}`;
    for (const text of [nested(32, '(', ')'), nested(32, 'not '), Array.from({ length: 500 }, () => 'all').join(' or '), `a in (${'b,'.repeat(499)}b)`]) expect(() => parseSelector(text)).not.toThrow();
    expect(refusalOf(nested(33, '(', ')')).message).toContain('more than 32 deep');
    expect(refusalOf(nested(6_000, '(', ')')).message).toContain('more than 32 deep');
    expect(refusalOf(nested(33, 'not ')).message).toContain('more than 32 deep');
    expect(refusalOf(Array.from({ length: 501 }, () => 'all').join(' or ')).message).toContain('more than 500');
    expect(refusalOf(`a in (${'b,'.repeat(500)}b)`).message).toContain('more than 500');
    expect(refusalOf(`a=${'b'.repeat(20_000)}`).message).toContain('at most 20000 characters');
  });
});

function refusalOf(text: string): Fault {
  try {
    parseSelector(text);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'input-invalid') return thrown;
  }
  throw new Error(`not refused as input-invalid: ${text.slice(0, 80)}`);
}

describe('what is selected', () => {
  test.each([
    ['all', true],
    ['site=harbour', true],
    ['site=Harbour', false],
    ['site!=harbour', false],
    ['missing!=x', true],
    ['missing=x', false],
    ['missing=""', false],
    ['empty=""', true],
    ['missing not in (x)', true],
    ['missing in (x)', false],
    ['role in (meter, pump)', true],
    ['exists(site)', true],
    ['exists(constructor)', false],
    ['constructor!=x', true],
    ['model=raspberry-pi-4b', true],
    ['tag:model="a tag"', true],
    ['model="a tag"', false],
    ['id=dock-1 and name=Crane', true],
    ['online=true', true],
    ['online!=true', false],
    ['online not in (false)', true],
    ['site=harbour and (role in (pump, meter) or not exists(spare)) and model!=raspberry-pi-5', true],
    ['not (site=harbour or all)', false],
    ['site=nowhere or role=pump and online=true', true],
  ])('%s: %s', (text, selected) => {
    expect(matches(parseSelector(text), device)).toBe(selected);
  });

  test('not is its opposite, and de Morgan holds', () => {
    const random = seeded(3);
    for (let n = 0; n < 300; n += 1) {
      const [a, b, one] = [randomSelector(random), randomSelector(random), randomDevice(random, n)];
      const not = (part: Selector): Selector => ({ kind: 'not', part });
      expect(matches(not(a), one)).toBe(!matches(a, one));
      expect(matches(not({ kind: 'and', parts: [a, b] }), one)).toBe(matches({ kind: 'or', parts: [not(a), not(b)] }, one));
    }
  });
});

describe('the canonical text', () => {
  test('is read back to the same selector', () => {
    const random = seeded(7);
    for (let n = 0; n < 500; n += 1) {
      const selector = randomSelector(random, 5);
      expect(parseSelector(selectorText(selector))).toEqual(selector);
    }
  });

  test.each([
    ['site = harbour AND ((role IN (pump,meter)))', 'site=harbour and role in (pump, meter)'],
    ['(a=1 and b=2) or c="x y"', 'a=1 and b=2 or c="x y"'],
    ['(a=1 or b=2) and c=IN', '(a=1 or b=2) and c="IN"'],
    ['(a=1 and b=2) and c=3', '(a=1 and b=2) and c=3'],
    ['not(not(exists(tag:site)))', 'not not exists(site)'],
    ['not (a=1 or tag:id!="\\"")', 'not (a=1 or tag:id!="\\"")'],
  ])('of %s', (text, canonical) => {
    expect(selectorText(parseSelector(text))).toBe(canonical);
  });
});
