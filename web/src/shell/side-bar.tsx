import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useAct, useAnswer, useMe } from '../api/index.ts';
import { Icon } from '../parts/index.ts';
import { count } from '../words/index.ts';
import { Mark } from './mark.tsx';
import { type Place, places } from './places.ts';

/** Where one can go, with the numbers that say whether one should. */
export function SideBar({ open, onGo }: { open: boolean; onGo: () => void }): ReactNode {
  const [path] = useLocation();
  const me = useMe();
  const fleet = useAnswer('getFleet', {}).data;
  const live = useAnswer('listRollouts', { query: { live: 'true', limit: 100 } }).data;
  const about = useAnswer('getAbout', {}).data;
  const numbers: Readonly<Record<string, number | undefined>> = { '/rollouts': live?.items.length, '/devices': fleet?.total, '/enrol': fleet?.pending };
  const links = (group: Place['group']): ReactNode =>
    places.filter((place) => place.group === group).map(({ path: to, word, icon }) => {
      const here = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
      const n = numbers[to];
      return (
        <Link key={to} href={to} className="side-link" aria-current={here ? 'page' : undefined} onClick={onGo}>
          <Icon name={icon} size={15} />
          {word}
          {n !== undefined && n > 0 && <span className="side-n">{count(n)}</span>}
        </Link>
      );
    });
  return (
    <nav className="side" aria-label="Pages" data-open={open} id="pages">
      <Link href="/" className="side-mark" onClick={onGo}><Mark />Pier</Link>
      {links('work')}
      <div className="side-group">Fleet</div>
      {links('fleet')}
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
  return <button type="button" onClick={() => leave.mutate({}, { onSettled: () => window.location.assign('/') })}>Sign out</button>;
}
