/** What the query bar makes of a selector's text: parts that are joined by "and", or one text where it is more than that. */
import { Fault } from '@pier/shared/core';
import { type Selector, parseSelector, selectorText } from '@pier/shared/selector';
import { sentence } from '../words/index.ts';

/** One condition, as the selector's text has it and as a chip says it. */
export type QueryPart = { readonly text: string; readonly key: string; readonly does: string; readonly value: string };

/** What does not parse: the sentence, and where (from 0) in the text. */
export type WrongText = { readonly kind: 'wrong'; readonly says: string; readonly at: number };

export type QueryShape = { readonly kind: 'parts'; readonly parts: readonly QueryPart[] } | { readonly kind: 'whole' } | WrongText;

/** How a selector is shown: nothing and `all` are no parts; what holds an "or" or a parenthesis is one text to edit. */
export function shapeOf(text: string): QueryShape {
  if (text.trim() === '') return { kind: 'parts', parts: [] };
  const read = tryParse(text);
  if ('kind' in read && read.kind === 'wrong') return read;
  const parts = conditionsOf(read).map(partOf);
  return parts.every((part) => part !== undefined) ? { kind: 'parts', parts } : { kind: 'whole' };
}

export type Typed = { readonly kind: 'nothing' } | { readonly kind: 'words'; readonly words: string } | { readonly kind: 'selector'; readonly text: string } | WrongText;

/** What was typed at the end of the bar. Without an operator, and where words can be looked for, it is words. */
export function readTyped(typed: string, canSearch: boolean): Typed {
  const text = typed.trim();
  if (text === '') return { kind: 'nothing' };
  const read = tryParse(typed);
  if (!('kind' in read && read.kind === 'wrong')) return { kind: 'selector', text: selectorText(read) };
  return canSearch && !operator.test(text) ? { kind: 'words', words: text } : read;
}

const operator = /[=!()"]|\s(?:in|not in)\s*$|^(?:exists|not)\b/i;

/** The selector with one condition more. */
export function withPart(value: string, text: string): string {
  const next = parseSelector(text);
  if (next.kind === 'all') return value;
  const known = value.trim() === '' ? [] : conditionsOf(parseSelector(value));
  const all = [...known, ...conditionsOf(next)];
  const texts = all.map(selectorText);
  return textOf(all.filter((_, at) => texts.indexOf(texts[at] ?? '') === at));
}

/** The selector without the condition at this place; nothing is left of the last one. */
export function withoutPart(value: string, place: number): string {
  return textOf(conditionsOf(parseSelector(value)).filter((_, at) => at !== place));
}

/** Conditions that go on from what is typed; no second one of a key that is held to a value already: nothing would match both. */
export function suggestions(suggest: readonly string[], typed: string, has: readonly string[]): string[] {
  const part = typed.trim().toLowerCase();
  const held = new Set(has.map(keyOf).filter((key) => key !== undefined));
  const fits = suggest.filter((one) => !has.includes(one) && !held.has(keyOf(one) ?? '') && (part === '' || one.toLowerCase().includes(part)) && one.toLowerCase() !== part);
  return fits.toSorted((a, b) => Number(b.toLowerCase().startsWith(part)) - Number(a.toLowerCase().startsWith(part))).slice(0, suggestionsMax);
}

const suggestionsMax = 8;

/** The key of `key=value`; undefined of any other condition. */
function keyOf(text: string): string | undefined {
  return /^([^\s!=]+)=/.exec(text)?.[1];
}

function textOf(conditions: readonly Selector[]): string {
  const [first, ...more] = conditions;
  if (first === undefined) return '';
  return selectorText(more.length === 0 ? first : { kind: 'and', parts: conditions });
}

function conditionsOf(selector: Selector): readonly Selector[] {
  if (selector.kind === 'all') return [];
  return selector.kind === 'and' ? selector.parts : [selector];
}

function partOf(selector: Selector): QueryPart | undefined {
  const text = selectorText(selector);
  switch (selector.kind) {
    case 'equals':
      return { text, key: selector.key.name, does: '=', value: shown(selector.value) };
    case 'differs':
      return { text, key: selector.key.name, does: 'is not', value: shown(selector.value) };
    case 'in':
      return { text, key: selector.key.name, does: 'in', value: selector.values.map(shown).join(', ') };
    case 'notIn':
      return { text, key: selector.key.name, does: 'not in', value: selector.values.map(shown).join(', ') };
    case 'exists':
      return { text, key: selector.tag, does: 'is set', value: '' };
    case 'not':
      return selector.part.kind === 'exists' ? { text, key: selector.part.tag, does: 'is not set', value: '' } : undefined;
    case 'all':
    case 'and':
    case 'or':
      break;
  }
  return undefined;
}

function shown(value: string): string {
  return value === '' ? 'nothing' : value;
}

function tryParse(text: string): Selector | WrongText {
  try {
    return parseSelector(text);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const position = Number(thrown.detail['position'] ?? 1);
    return { kind: 'wrong', says: saysOf(thrown), at: Math.max(0, position - 1) };
  }
}

/** "Expected a value; saw the end." The place is marked in the text, so the sentence needs no number. */
function saysOf({ message }: Fault): string {
  const says = message.replace(/^selector, character \d+: /, '').replace(/^selector: /, '');
  return sentence(says);
}
