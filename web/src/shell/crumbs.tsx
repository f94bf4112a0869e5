import { type ReactNode, useContext } from 'react';
import { Link, useLocation } from 'wouter';
import { useStore } from '../api/index.ts';
import { PageTitle } from '../parts/index.ts';
import { places } from './places.ts';

/** Where one is: the place of the side bar, and in it the thing that the page shows. */
export function Crumbs(): ReactNode {
  const [path] = useLocation();
  const title = useStore(useContext(PageTitle));
  const place = places.find(({ path: to }) => path === to || (to !== '/' && path.startsWith(`${to}/`)));
  const inside = place === undefined || path !== place.path;
  return (
    <nav className="crumbs" aria-label="Where this is">
      {place && (inside ? <><Link href={place.path} className="crumb-up">{place.word}</Link><span className="dim crumb-slash" aria-hidden="true">/</span></> : <span aria-current="page">{place.word}</span>)}
      {inside && <span className="ellipsis" aria-current="page" title={title}>{title}</span>}
    </nav>
  );
}
