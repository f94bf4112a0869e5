import { createContext } from 'react';
import { type Store, newStore } from '../api/index.ts';

/** What the page that is shown calls itself, told by its head to whatever stands around it; empty while no page is there. */
export const PageTitle = createContext<Store<string>>(newStore(''));
