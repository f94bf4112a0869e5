import { type Key, type Selector, bareWord, isField, isKeyword } from './selector.ts';

/** A selector in its one canonical writing: `parseSelector` reads it back to the same. */
export function selectorText(selector: Selector): string {
  switch (selector.kind) {
    case 'all':
      return 'all';
    case 'equals':
      return `${keyText(selector.key)}=${valueText(selector.value)}`;
    case 'differs':
      return `${keyText(selector.key)}!=${valueText(selector.value)}`;
    case 'in':
      return `${keyText(selector.key)} in (${selector.values.map(valueText).join(', ')})`;
    case 'notIn':
      return `${keyText(selector.key)} not in (${selector.values.map(valueText).join(', ')})`;
    case 'exists':
      return `exists(${keyText({ of: 'tag', name: selector.tag })})`;
    case 'not':
      return `not ${inside(selector.part, ['and', 'or'])}`;
    case 'and':
      return selector.parts.map((part) => inside(part, ['and', 'or'])).join(' and ');
    case 'or':
      break;
  }
  return selector.parts.map((part) => inside(part, ['or'])).join(' or ');
}

function inside(part: Selector, loose: readonly Selector['kind'][]): string {
  return loose.includes(part.kind) ? `(${selectorText(part)})` : selectorText(part);
}

function keyText({ of, name }: Key): string {
  return of === 'tag' && (isField(name) || isKeyword(name)) ? `tag:${name}` : name;
}

/** Words of the language are quoted too, so that nobody reads them as such. */
function valueText(value: string): string {
  return bareWord.test(value) && !isKeyword(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
