import type { ReactNode } from 'react';
import type { StateWords } from '../words/index.ts';
import { Icon } from './icon.tsx';

/** Icon, word and colour of a state. `says` replaces the word where more is known, such as "Running, wave 2 of 3". */
export function StateMark({ state, says, tinted = false }: { state: StateWords; says?: ReactNode; tinted?: boolean }): ReactNode {
  return (
    <span className={`mark f-${state.family}${tinted ? ' mark-tinted' : ''}`} title={state.note}>
      <Icon name={state.icon} turns={state.icon === 'ring'} />
      <span>{says ?? state.word}</span>
    </span>
  );
}
