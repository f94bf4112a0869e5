import { type AnswerOf } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';

/** What a manager needs, each with a way to ask why it does not do; undefined while it does. */
export type Parts = { readonly [Part in 'database' | 'broker' | 'listener' | 'disk']: () => Promise<string | undefined> | string | undefined };

/**
 * That something is wrong and not what: anybody may ask, and a driver's words name hosts, addresses and users of other machines.
 * The log has them.
 */
export function untold(why: () => string | undefined): () => string | undefined {
  return () => (why() === undefined ? undefined : 'the manager\'s log says why');
}

/**
 * Alive or ready: the process answers the first as long as it lives, with what is wrong in it; the second says yes only when a
 * request or a device could be served, for those who send them elsewhere or wait. Faults of `ready`: `not-ready`, naming each part.
 */
export function healthHandlers(parts: Parts) {
  const wrong = async (): Promise<Partial<Record<keyof Parts, string>>> => {
    const found = await Promise.all(Object.entries(parts).map(async ([name, ask]) => [name, await ask()] as const));
    return Object.fromEntries(found.filter(([, why]) => why !== undefined));
  };
  return {
    health: async (): Promise<AnswerOf<'health'>> => {
      const reasons = await wrong();
      const ok = Object.keys(reasons).length === 0;
      return { ok, database: reasons.database === undefined, broker: reasons.broker === undefined, ...(ok ? {} : { reasons }) };
    },
    ready: async (): Promise<AnswerOf<'ready'>> => {
      const reasons = Object.entries(await wrong());
      if (reasons.length > 0) throw new Fault('not-ready', reasons.map(([name, why]) => `${name}: ${why}`).join('; '));
      return { ready: true };
    },
  };
}
