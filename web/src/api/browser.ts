import { apiClient } from '@pier/shared/api';
import { type Clock, Fault } from '@pier/shared/core';
import { type Api, newSessionStores } from './api.tsx';

/** A line that says nothing for so long is dead: the manager says something every 15 s. */
const silenceMaxMs = 20_000;

/** The client of this browser: the session cookie says who asks. */
export function browserApi({ baseUrl, clock }: { readonly baseUrl: string; readonly clock: Clock }): Api {
  const stores = newSessionStores();
  const client = apiClient({
    baseUrl,
    clock,
    silenceMaxMs,
    onAnswer: ({ date }) => {
      // The header has whole seconds: less than that is no difference.
      const skew = date === null ? 0 : Date.parse(date) - clock.nowMs();
      if (Math.abs(skew - stores.skewMs.get()) > 1_500) stores.skewMs.set(Math.abs(skew) < 1_500 ? 0 : skew);
    },
  });
  const watched = (thrown: unknown): never => {
    if (thrown instanceof Fault && thrown.code === 'unauthenticated') stores.session.set('ended');
    throw thrown;
  };
  return {
    ...stores,
    call: (name, request, signal) => client.call(name, request, signal).catch(watched),
    follow: (name, from, signal) => client.follow(name, from, signal),
  };
}
