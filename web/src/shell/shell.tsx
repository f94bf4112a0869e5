/** What stands around every page: the side bar, the top bar with search, "Live" and the time, and the keyboard. */
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { type Liveness, type Store, useSession } from '../api/index.ts';
import { Icon } from '../parts/index.ts';
import { Crumbs } from './crumbs.tsx';
import { Jump } from './jump.tsx';
import { KeyMap } from './key-map.tsx';
import { useKeyListener, useShortcuts } from './keys.tsx';
import { Clock, LiveMark, StaleBanner } from './live-mark.tsx';
import { SideBar } from './side-bar.tsx';
import './shell.css';

type Props = { readonly liveness: Store<Liveness>; /** Shown over the page when the session has ended; what was typed stays. */ readonly signIn: ReactNode; readonly children: ReactNode };

export function Shell({ liveness, signIn, children }: Props): ReactNode {
  const [menu, setMenu] = useState(false);
  const [open, setOpen] = useState<'jump' | 'keys'>();
  useKeyListener();
  useShortcuts(useMemo(() => [{ keys: '?', does: 'This map', act: () => setOpen('keys') }], []));
  useCtrlK(useCallback(() => setOpen('jump'), []));
  return (
    <div className="shell">
      <a className="skip" href="#page">Skip to the page</a>
      <SideBar open={menu} onGo={() => setMenu(false)} />
      <header className="top">
        <button type="button" className="menu-button" aria-label="Pages" aria-expanded={menu} aria-controls="pages" onClick={() => setMenu(!menu)}><Icon name="menu" size={20} /></button>
        <Crumbs />
        <button type="button" className="jump-button push" onClick={() => setOpen('jump')}><Icon name="search" /><span>Search or jump to</span><kbd>Ctrl K</kbd></button>
        <LiveMark liveness={liveness} />
        <Clock />
      </header>
      <main className="main" id="page" tabIndex={-1}>
        <StaleBanner liveness={liveness} />
        {children}
      </main>
      {open === 'jump' && <Jump onClose={() => setOpen(undefined)} />}
      {open === 'keys' && <KeyMap onClose={() => setOpen(undefined)} />}
      {useSession() === 'ended' && signIn}
    </div>
  );
}

function useCtrlK(act: () => void): void {
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [act]);
}
