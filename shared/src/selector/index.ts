export { type Key, type Selectable, type Selector } from './selector.ts';
export { parseSelector } from './parse.ts';
export { matches } from './matches.ts';
export { selectorText } from './text.ts';
