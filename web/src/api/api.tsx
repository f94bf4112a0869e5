/** The typed client in a browser, and what it learns by the way: whether the session stands, and what time the manager has. */
import { type ReactNode, createContext, useContext } from 'react';
import type { ApiClient } from '@pier/shared/api';
import { type Store, newStore, useStore } from './store.ts';

/** `ended`: an answer said that nobody is signed in any more. */
export type SessionState = 'open' | 'ended';
export type Api = ApiClient & { readonly session: Store<SessionState>; readonly skewMs: Store<number> };

const Context = createContext<Api | undefined>(undefined);

export function ApiProvider({ api, children }: { api: Api; children: ReactNode }): ReactNode {
  return <Context value={api}>{children}</Context>;
}

export function useApi(): Api {
  const api = useContext(Context);
  if (api === undefined) throw new Error('a page stands outside of its ApiProvider');
  return api;
}

export function useSession(): SessionState {
  return useStore(useApi().session);
}

export function newSessionStores(): Pick<Api, 'session' | 'skewMs'> {
  return { session: newStore<SessionState>('open'), skewMs: newStore(0) };
}
