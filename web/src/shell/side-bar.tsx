import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useAct, useAnswer, useLiveRollouts, useMe } from '../api/index.ts';
import { Icon } from '../parts/index.ts';
import { count, sentence } from '../words/index.ts';
import { Mark } from './mark.tsx';
import { type Place, places } from './places.ts';

/** Where one can go, with the numbers that say whether one should. */
export function SideBar({ open, onGo }: { open: boolean; onGo: () => void }): ReactNode {
  const [path] = useLocation();
  const me = useMe();
  const fleet = useAnswer('getFleet', {}).data;
  const live = useLiveRollouts().data;
  const about = useAnswer('getAbout', {}).data;
  const said = (n: number | undefined, more = ''): string | undefined => (n === undefined || n === 0 ? undefined : `${count(n)}${more}`);
  const numbers: Readonly<Record<string, string | undefined>> = { '/rollouts': said(live?.items.length, live?.next === null ? '' : '+'), '/devices': said(fleet?.total), '/enrol': said(fleet?.pending) };
  const links = (group: Place['group']): ReactNode =>
    places.filter((place) => place.group === group).map(({ path: to, word, icon }) => {
      const here = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
      const n = numbers[to];
      return (
        <Link key={to} href={to} className="side-link" aria-current={here ? 'page' : undefined} onClick={onGo}>
          <Icon name={icon} size={15} />
          {word}
          {n !== undefined && <span className="side-n">{n}</span>}
        </Link>
      );
    });
  return (
    <nav className="side" aria-label="Pages" data-open={open} id="pages">
      <Link href="/" className="side-mark" onClick={onGo}><Mark />Pier</Link>
      {links('work')}
      <div className="side-group">Fleet</div>
      {links('fleet')}
      <div className="side-group">Manager</div>
      {links('manager')}
      <div className="side-foot">
        <div className="soft">{me.user}, {me.role}</div>
        <SignOut />
        {about && <div>Manager {about.version}</div>}
      </div>
    </nav>
  );
}

function SignOut(): ReactNode {
  const leave = useAct('logout');
  const toTheDoor = (): void => window.location.assign('/');
  return (
    <>
      <button type="button" onClick={() => leave.mutate({}, { onSuccess: toTheDoor, onError: ({ code }) => code === 'unauthenticated' && toTheDoor() })}>Sign out</button>
      {leave.error && <div role="alert">Not signed out. {sentence(leave.error.message)}</div>}
    </>
  );
}
