import { type ReactNode, createContext, useContext } from 'react';
import type { Me } from '@pier/shared/api';

const Context = createContext<Me | undefined>(undefined);
const ranks = { viewer: 0, operator: 1, admin: 2 } as const;

export function MeProvider({ me, children }: { me: Me; children: ReactNode }): ReactNode {
  return <Context value={me}>{children}</Context>;
}

/** Who is signed in. */
export function useMe(): Me {
  const me = useContext(Context);
  if (me === undefined) throw new Error('a page stands outside of its MeProvider');
  return me;
}

/** Undefined where this person may; else the sentence that says why not, to stand beside what is off. */
export function useWhyNot(needs: keyof typeof ranks): string | undefined {
  const { role } = useMe();
  return ranks[role] >= ranks[needs] ? undefined : `For ${needs}s; you are ${role}.`;
}
