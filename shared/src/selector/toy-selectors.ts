/** Seeded selectors and devices for property tests: few names and values, so that they meet often, and nasty texts among them. */
import type { Random } from '../core/index.ts';
import type { Key, Selectable, Selector } from './selector.ts';

/** A random number generator that repeats itself for a seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const tagNames = ['site', 'role', 'spare', 'model', 'online', 'id', 'and', 'in', 'all', 'a.b_c-d', '0'] as const;
export const values = ['harbour', 'pump', '', 'true', 'and', "o'hara", 'say "hi"', 'back\\slash', '100%', '_', '{"a":1}', '$1', "'; drop table device; --", 'übersee', '🛳', ' lead', 'line\nbreak', 'null', 'x'.repeat(128)] as const;

export function pick<T>(random: Random, from: readonly [T, ...T[]] | readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
}

const times = <T>(random: Random, [least, most]: readonly [number, number], make: () => T): T[] => Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, make);

export function randomSelector(random: Random, depth = 3): Selector {
  const kind = pick(random, depth > 0 ? (['and', 'or', 'not', 'equals', 'in'] as const) : (['equals', 'differs', 'in', 'notIn', 'exists', 'all', 'equals', 'differs'] as const));
  switch (kind) {
    case 'and':
    case 'or':
      return { kind, parts: times(random, [2, 3], () => randomSelector(random, depth - 1)) };
    case 'not':
      return { kind, part: randomSelector(random, depth - 1) };
    case 'all':
      return { kind };
    case 'exists':
      return { kind, tag: pick(random, tagNames) };
    case 'equals':
    case 'differs': {
      const key = randomKey(random);
      return { kind, key, value: valueFor(random, key) };
    }
    case 'in':
    case 'notIn':
      break;
  }
  const key = randomKey(random);
  return { kind, key, values: times(random, [1, 3], () => valueFor(random, key)) };
}

function randomKey(random: Random): Key {
  return random() < 0.4 ? { of: 'field', name: pick(random, ['id', 'name', 'model', 'online'] as const) } : { of: 'tag', name: pick(random, tagNames) };
}

function valueFor(random: Random, key: Key): string {
  if (key.of === 'tag') return pick(random, values);
  if (key.name === 'online') return pick(random, ['true', 'false']);
  return key.name === 'id' ? `dock-${Math.floor(random() * 20)}` : pick(random, values);
}

export function randomDevice(random: Random, n: number): Selectable {
  const tags = Object.fromEntries(times(random, [0, 5], () => [pick(random, tagNames), pick(random, values)]));
  return { id: `dock-${n}`, name: pick(random, values), model: pick(random, values), online: random() < 0.5, tags };
}
