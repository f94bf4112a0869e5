import { Fault } from '../core/index.ts';

export type Token = { readonly kind: 'word' | 'quoted' | 'mark' | 'end'; readonly text: string; /** Where it starts, from 0. */ readonly at: number };

const textCharsMax = 20_000;
const space = /\s*/y;
const plain = /(?<word>[A-Za-z0-9._:/@+-]+)|(?<mark>!=|[=(),])/y;

/** A selector's text as tokens, the last of them `end`. Faults: `input-invalid`, saying where and why. */
export function tokensOf(text: string): Token[] {
  if (text.length > textCharsMax) throw new Fault('input-invalid', `a selector has at most ${textCharsMax} characters; this one has ${text.length}`);
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const read = text[at] === '"' ? quotedAt(text, at) : plainAt(text, at);
    tokens.push(read.token);
    at = skipSpace(text, read.end);
  }
  return [...tokens, { kind: 'end', text: '', at }];
}

function skipSpace(text: string, at: number): number {
  space.lastIndex = at;
  return at + (space.exec(text)?.[0].length ?? 0);
}

function plainAt(text: string, at: number): { token: Token; end: number } {
  plain.lastIndex = at;
  const found = plain.exec(text)?.groups;
  const [kind, read] = found?.['word'] === undefined ? (['mark', found?.['mark']] as const) : (['word', found['word']] as const);
  if (read === undefined) {
    const seen = String.fromCodePoint(text.codePointAt(at) ?? 0);
    throw unexpected({ at, expected: 'a word, "quoted text", =, !=, a parenthesis or a comma', seen: JSON.stringify(seen) });
  }
  return { token: { kind, text: read, at }, end: at + read.length };
}

function quotedAt(text: string, start: number): { token: Token; end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') return { token: { kind: 'quoted', text: storable(value, start), at: start }, end: at + 1 };
    if (char !== '\\') {
      value += char;
      continue;
    }
    at += 1;
    const escaped = text[at];
    if (escaped !== '"' && escaped !== '\\') throw unexpected({ at, expected: '" or \\ after a backslash', seen: escaped === undefined ? 'the end' : JSON.stringify(escaped) });
    value += escaped;
  }
  throw unexpected({ at: text.length, expected: `the closing " of the text that starts at character ${start + 1}`, seen: 'the end' });
}

/** PostgreSQL's text holds neither NUL nor half of a surrogate pair, so no device has such a value. */
function storable(value: string, at: number): string {
  if (value.includes('\0')) throw unexpected({ at, expected: 'text', seen: 'text with a NUL character' });
  if (!value.isWellFormed()) throw unexpected({ at, expected: 'text', seen: 'text with half of a surrogate pair' });
  return value;
}

/** The one sentence in which a selector is refused; characters are counted from 1. */
export function unexpected({ at, expected, seen }: { at: number; expected: string; seen: string }): Fault {
  return new Fault('input-invalid', `selector, character ${at + 1}: expected ${expected}; saw ${seen}`, { position: at + 1, expected, seen });
}
