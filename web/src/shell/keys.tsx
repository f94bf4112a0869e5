/** The keyboard of the whole: pages say which keys they have, one listener hears them, one dialog lists them. */
import { type ReactNode, createContext, useContext, useEffect } from 'react';
import { useLocation } from 'wouter';
import { type Store, newStore, useStore } from '../api/index.ts';
import { places } from './places.ts';

/** `keys` as typed: one character, or two with a blank between, such as `g r`. */
export type Shortcut = { readonly keys: string; readonly does: string; readonly act: () => void };
export type Keyboard = { readonly known: Store<readonly Shortcut[]>; readonly letters: Store<boolean>; readonly add: (shortcuts: readonly Shortcut[]) => () => void };

const storageKey = 'pier.single-letters';

export function newKeyboard(storage: Pick<Storage, 'getItem' | 'setItem'>): Keyboard {
  const known = newStore<readonly Shortcut[]>([]);
  const letters = newStore(storage.getItem(storageKey) !== 'off');
  return {
    known,
    letters: { ...letters, set: (on) => {
      storage.setItem(storageKey, on ? 'on' : 'off');
      letters.set(on);
    } },
    add: (shortcuts) => {
      known.set([...known.get(), ...shortcuts]);
      return () => known.set(known.get().filter((one) => !shortcuts.includes(one)));
    },
  };
}

const Context = createContext<Keyboard | undefined>(undefined);
export function KeyboardProvider({ keyboard, children }: { keyboard: Keyboard; children: ReactNode }): ReactNode {
  return <Context value={keyboard}>{children}</Context>;
}

export function useKeyboard(): Keyboard {
  const keyboard = useContext(Context);
  if (keyboard === undefined) throw new Error('a page stands outside of its KeyboardProvider');
  return keyboard;
}

/** Keys of a page, for as long as it is shown. Give it a list that is the same from draw to draw (useMemo). */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const { add } = useKeyboard();
  useEffect(() => add(shortcuts), [add, shortcuts]);
}

/** Letters are text where something is typed, and whoever switched them off does without; what goes with Ctrl always works. */
export function useKeyListener(): void {
  const { known, letters } = useKeyboard();
  const on = useStore(letters);
  const [, go] = useLocation();
  useEffect(() => {
    let first = '';
    const hear = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !on || isTyping(event.target)) return;
      const typed = event.key === ' ' ? 'Space' : event.key;
      const both = `${first} ${typed}`;
      first = typed === 'g' ? 'g' : '';
      const place = places.find(({ key }) => both === `g ${key}`);
      if (place) go(place.path);
      const shortcut = known.get().findLast(({ keys }) => keys === both || keys === typed);
      if (place === undefined && shortcut === undefined) return;
      event.preventDefault();
      shortcut?.act();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [go, known, on]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
