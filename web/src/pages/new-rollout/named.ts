/** Devices as people name them: by id, or by a name that only one has. Pure. */
import type { Device } from '@pier/shared/api';
import type { Wrong } from './form.ts';

type Known = Pick<Device, 'id' | 'name'>;
export type Named = { readonly ids: readonly string[]; /** Names that stand for an id. */ readonly byName: readonly Known[]; readonly wrong: readonly Wrong[] };

/** `found`: what the manager has for each word; a word that was not looked up is taken for an id. */
export function namedDevices(words: readonly string[], found: ReadonlyMap<string, readonly Known[]>): Named {
  const read = words.map((word) => readWord(word, found.get(word)));
  return { ids: [...new Set(read.flatMap(({ id }) => id ?? []))], byName: read.flatMap(({ byName }) => byName ?? []), wrong: read.flatMap(({ says }) => (says === undefined ? [] : [{ field: 'devices', says }])) };
}

function readWord(word: string, known: readonly Known[] | undefined): { id?: string; byName?: Known; says?: string } {
  if (known === undefined || known.some(({ id }) => id === word)) return { id: word };
  const [one, ...more] = known.filter(({ name }) => name === word);
  if (one === undefined) return { says: `no device has the id or the name "${word}"` };
  if (more.length > 0) return { says: `${more.length + 1} devices have the name "${word}"; name them by id: ${[one, ...more].map(({ id }) => id).join(', ')}` };
  return { id: one.id, byName: one };
}
