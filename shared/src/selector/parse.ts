import { Fault } from '../core/index.ts';
import { type Key, type Keyword, type Selector, isField, isKeyword } from './selector.ts';
import { type Token, tokensOf, unexpected } from './tokens.ts';

const depthMax = 32;
const atomsMax = 500;
const tagPrefix = 'tag:';
/** As devices have them: `Tags` of the API. */
const tagName = /^[a-z0-9][a-z0-9._-]{0,62}$/;

type Reader = { readonly tokens: readonly Token[]; at: number; atoms: number };

/**
 * In: a selector such as `site=harbour and (role in (pump, meter) or not exists(spare))`; grammar in docs/selectors.md.
 * Faults: `input-invalid` with where (`position`, from 1), what was expected and what was seen.
 */
export function parseSelector(text: string): Selector {
  const reader: Reader = { tokens: tokensOf(text), at: 0, atoms: 0 };
  const selector = anyOf(reader, 0);
  const rest = peek(reader);
  if (rest.kind !== 'end') throw wrong(rest, 'and, or, or the end');
  return selector;
}

function anyOf(reader: Reader, depth: number): Selector {
  return joined(reader, 'or', () => allOf(reader, depth));
}

function allOf(reader: Reader, depth: number): Selector {
  return joined(reader, 'and', () => one(reader, depth));
}

function joined(reader: Reader, kind: 'and' | 'or', next: () => Selector): Selector {
  const first = next();
  const parts = [first];
  while (takeWord(reader, kind)) parts.push(next());
  return parts.length === 1 ? first : { kind, parts };
}

function one(reader: Reader, depth: number): Selector {
  const token = peek(reader);
  if (depth > depthMax) throw new Fault('input-invalid', `selector, character ${token.at + 1}: it is nested more than ${depthMax} deep`, { position: token.at + 1 });
  if (takeMark(reader, '(')) {
    const inner = anyOf(reader, depth + 1);
    if (!takeMark(reader, ')')) throw wrong(peek(reader), 'and, or, or )');
    return inner;
  }
  if (takeWord(reader, 'not')) return { kind: 'not', part: one(reader, depth + 1) };
  return atom(reader);
}

function atom(reader: Reader): Selector {
  const token = peek(reader);
  count(reader, token);
  if (takeWord(reader, 'all')) return { kind: 'all' };
  if (takeWord(reader, 'exists')) return exists(reader);
  const key = keyAt(reader);
  if (takeMark(reader, '=')) return { kind: 'equals', key, value: valueOf(reader, key) };
  if (takeMark(reader, '!=')) return { kind: 'differs', key, value: valueOf(reader, key) };
  if (takeWord(reader, 'in')) return { kind: 'in', key, values: valuesOf(reader, key) };
  if (takeWord(reader, 'not') && takeWord(reader, 'in')) return { kind: 'notIn', key, values: valuesOf(reader, key) };
  throw wrong(peek(reader), `=, !=, in or not in after ${token.text}`);
}

function exists(reader: Reader): Selector {
  if (!takeMark(reader, '(')) throw wrong(peek(reader), '( after exists');
  const token = peek(reader);
  const key = keyAt(reader);
  if (key.of === 'field') throw wrong(token, `a tag: every device has ${key.name}, and a tag of that name is ${tagPrefix}${key.name}`);
  if (!takeMark(reader, ')')) throw wrong(peek(reader), ')');
  return { kind: 'exists', tag: key.name };
}

function keyAt(reader: Reader): Key {
  const token = peek(reader);
  if (token.kind !== 'word' || isKeyword(token.text)) throw wrong(token, `the name of a tag, one of id, name, model, online, or one of not, exists, all, ( (a tag with the name of one of these is written ${tagPrefix}name)`);
  reader.at += 1;
  if (isField(token.text)) return { of: 'field', name: token.text };
  const name = token.text.startsWith(tagPrefix) ? token.text.slice(tagPrefix.length) : token.text;
  if (!tagName.test(name)) throw wrong(token, 'the name of a tag: 1 to 63 of a-z, 0-9, ".", "_" and "-", starting with a letter or digit');
  return { of: 'tag', name };
}

function valuesOf(reader: Reader, key: Key): string[] {
  if (!takeMark(reader, '(')) throw wrong(peek(reader), '( and a list of values');
  const values = [valueOf(reader, key)];
  while (takeMark(reader, ',')) {
    count(reader, peek(reader));
    values.push(valueOf(reader, key));
  }
  if (!takeMark(reader, ')')) throw wrong(peek(reader), 'a comma or )');
  return values;
}

function valueOf(reader: Reader, key: Key): string {
  const token = peek(reader);
  if (token.kind !== 'word' && token.kind !== 'quoted') throw wrong(token, 'a value: a word, or any text in "quotes"');
  if (key.of === 'field' && key.name === 'online' && token.text !== 'true' && token.text !== 'false') throw wrong(token, 'true or false, which is all that online can be');
  reader.at += 1;
  return token.text;
}

/** Each value of a list counts: it is what a database has to look for. */
function count(reader: Reader, token: Token): void {
  reader.atoms += 1;
  if (reader.atoms > atomsMax) throw new Fault('input-invalid', `selector, character ${token.at + 1}: it asks for more than ${atomsMax} things`, { position: token.at + 1 });
}

function peek({ tokens, at }: Reader): Token {
  return tokens[at] ?? { kind: 'end', text: '', at: 0 };
}

function takeWord(reader: Reader, word: Keyword): boolean {
  const token = peek(reader);
  return take(reader, token.kind === 'word' && token.text.toLowerCase() === word);
}

function takeMark(reader: Reader, mark: string): boolean {
  const token = peek(reader);
  return take(reader, token.kind === 'mark' && token.text === mark);
}

function take(reader: Reader, fits: boolean): boolean {
  if (fits) reader.at += 1;
  return fits;
}

const shownMax = 40;

function wrong(token: Token, expected: string): Fault {
  const shown = token.text.length > shownMax ? `${token.text.slice(0, shownMax)}…` : token.text;
  return unexpected({ at: token.at, expected, seen: token.kind === 'end' ? 'the end' : JSON.stringify(shown) });
}
