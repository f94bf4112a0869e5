/** Many changes as few events: one a kind, with the ids of what changed. Pure. */
import type { ChangeEvent } from '@pier/shared/api';

type Kind = ChangeEvent['kind'];
export const idsPerEventMax = 500;

/** Whose change the record of an act means, by the first word of its object. */
const kinds: Readonly<Record<string, Exclude<Kind, 'resync'>>> = {
  device: 'device',
  deployment: 'rollout',
  rollout: 'rollout',
  release: 'release',
  policy: 'policy',
  token: 'access',
  user: 'access',
  operator: 'access',
  'api-token': 'access',
};

/** What an object such as `deployment:rollout-1/dev-a` tells of: the kind, and the first of its ids. */
export function changeOf(object: string): { readonly kind: Exclude<Kind, 'resync'>; readonly id: string } | undefined {
  const [word = '', rest = ''] = object.split(':', 2);
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  return kind && { kind, id: rest.split('/', 1)[0] ?? '' };
}

export function eventsOf(changed: ReadonlyMap<Exclude<Kind, 'resync'>, ReadonlySet<string>>): ChangeEvent[] {
  return [...changed].flatMap(([kind, all]) => {
    const ids = [...all];
    return Array.from({ length: Math.ceil(ids.length / idsPerEventMax) }, (_, n) => ({ kind, ids: ids.slice(n * idsPerEventMax, (n + 1) * idsPerEventMax) }));
  });
}

/** Changes gathered until they are told; too many of them are told as one: ask for everything again. */
export class Gathered {
  readonly #limit: number;
  #changed = new Map<Exclude<Kind, 'resync'>, Set<string>>();
  #size = 0;
  #overflowed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(kind: Exclude<Kind, 'resync'>, id: string): void {
    if (this.#overflowed) return;
    let ids = this.#changed.get(kind);
    if (ids === undefined) this.#changed.set(kind, (ids = new Set()));
    if (!ids.has(id)) this.#size += 1;
    ids.add(id);
    if (this.#size <= this.#limit) return;
    this.#overflowed = true;
    this.#changed.clear();
  }

  /** The events; it is empty afterwards. */
  drain(): ChangeEvent[] {
    const events: ChangeEvent[] = this.#overflowed ? [{ kind: 'resync', ids: [] }] : eventsOf(this.#changed);
    [this.#changed, this.#size, this.#overflowed] = [new Map(), 0, false];
    return events;
  }
}
