// The parts that every region is made of, as plain trees; dom.js puts them into the document.

/** An element as data. Children that are nothing are left out; neighbouring texts become one, as they would in a document. */
export function h(tag, attributes = {}, ...children) {
  const flat = [];
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    if (typeof child === 'object') flat.push(child);
    else if (typeof flat.at(-1) === 'string') flat.push(flat.pop() + child);
    else flat.push(String(child));
  }
  return { tag, attributes, children: flat };
}

/** 16 × 16; `fill` icons are final states, strokes are still open. */
const icons = {
  check: { fill: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm3.7 5.3-4.4 4.4a.8.8 0 0 1-1.1 0L4.3 8.8l1.1-1.1 1.3 1.3 3.9-3.8z' },
  bar: { fill: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.5 7h7v2h-7z' },
  octagon: { fill: 'M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1zm.7 3.7L4.7 5.8 6.9 8l-2.2 2.2 1.1 1.1L8 9.1l2.2 2.2 1.1-1.1L9.1 8l2.2-2.2-1.1-1.1L8 6.9z' },
  dot: { fill: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z' },
  square: { fill: 'M3 3h10v10H3z' },
  pause: { fill: 'M4 2.5h3v11H4zm5 0h3v11H9z' },
  clock: { line: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 4.6V8l2.2 1.6' },
  ring: { line: 'M8 1.8A6.2 6.2 0 1 1 1.8 8' },
  hourglass: { line: 'M4 2h8M4 14h8M5 2v2.5L8 8l3-3.5V2M5 14v-2.5L8 8l3 3.5V14' },
  triangle: { line: 'M8 2.3 14.3 13.5H1.7zM8 6.5v3M8 11.3v.6' },
  cross: { line: 'm4 4 8 8m0-8-8 8' },
  chevrons: { line: 'm3.5 4 4 4-4 4m5-8 4 4-4 4' },
  back: { line: 'M6 3.5 3 6.5l3 3M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7' },
  struck: { line: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM3 3l10 10', dashed: true },
  lock: { line: 'M4 7.5h8v6H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2' },
  ground: { line: 'M8 3v5M3.5 8h9M5.5 10.5h5M7 13h2' },
  bolt: { fill: 'M9 1 3.5 9H7l-1 6 6-8.5H8.3z' },
};

export function icon(name) {
  const { fill, line, dashed } = icons[name];
  const path = fill === undefined ? h('path', { d: line, class: dashed ? 'line dashed' : 'line' }) : h('path', { d: fill, class: 'fill', 'fill-rule': 'evenodd' });
  return h('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' }, path);
}

/** A state: icon, word and colour, any two of which are enough. */
export const chip = ({ word, family, icon: name }, rest = '') => h('span', { class: `state ${family}` }, icon(name), word, rest);

export const code = (text, title = text) => h('code', { title }, text);
export const dim = (...children) => h('span', { class: 'dim' }, ...children);

const twoDigits = (number) => String(number).padStart(2, '0');
/** 24 h, of today only the time; in full on hover. */
export function clockTime(iso, nowMs) {
  const at = new Date(iso);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':');
  const day = at.toDateString() === new Date(nowMs).toDateString() ? '' : `${at.getDate()} ${at.toLocaleString('en-GB', { month: 'short' })} `;
  return h('time', { datetime: iso, title: iso }, `${day}${time}`);
}

/** A real table; `heads` are texts, a head that starts with `#` stands over numbers. */
export function table(label, heads, rows) {
  const number = heads.map((head) => (head.startsWith('#') ? { class: 'number' } : {}));
  const head = h('tr', {}, heads.map((text, at) => h('th', { scope: 'col', ...number[at] }, text.replace('#', ''))));
  const body = rows.map((cells) => h('tr', {}, cells.map((cell, at) => (at === 0 ? h('th', { scope: 'row' }, cell) : h('td', number[at], cell)))));
  return h('table', { 'aria-label': label }, h('thead', {}, head), h('tbody', {}, body));
}

export function region(id, title, aside, ...children) {
  return h('section', { id, 'aria-labelledby': `${id}-title` }, h('div', { class: 'head' }, h('h2', { id: `${id}-title` }, title), aside ? h('p', { class: 'dim' }, aside) : null), ...children);
}
