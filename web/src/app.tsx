/** Which page an address shows. Each page comes with its own piece of script, when it is first opened. */
import { type ComponentType, type LazyExoticComponent, type ReactNode, lazy } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { type PagePath, pagePaths } from '@pier/shared/api';
import { ErrorEdge, PageHead } from './parts/index.ts';
import { WholePage } from './shell/index.ts';

type Page = LazyExoticComponent<ComponentType>;

const device = lazy(() => import('./pages/device/index.tsx'));
const simulator = lazy(() => import('./pages/simulator/index.tsx'));

const pages: Readonly<Record<PagePath, Page>> = {
  '/': lazy(() => import('./pages/overview/index.tsx')),
  '/rollouts': lazy(() => import('./pages/rollouts/index.tsx')),
  '/rollouts/new': lazy(() => import('./pages/new-rollout/index.tsx')),
  '/rollouts/:id': lazy(() => import('./pages/rollout/index.tsx')),
  '/devices': lazy(() => import('./pages/devices/index.tsx')),
  '/devices/:id': device,
  '/devices/:id/:tab': device,
  '/releases': lazy(() => import('./pages/releases/index.tsx')),
  '/releases/:id': lazy(() => import('./pages/release/index.tsx')),
  '/enrol': lazy(() => import('./pages/enrol/index.tsx')),
  '/simulator': simulator,
  '/simulator/:id': simulator,
  '/keys': lazy(() => import('./pages/keys/index.tsx')),
  '/audit': lazy(() => import('./pages/audit/index.tsx')),
  '/people': lazy(() => import('./pages/people/index.tsx')),
  '/settings': lazy(() => import('./pages/settings/index.tsx')),
};

export function Pages(): ReactNode {
  const [at] = useLocation();
  return (
    <ErrorEdge at={at}>
      <Switch>
        {/* One key for all tabs of a device: going from one to another keeps the page. */}
        {pagePaths.map((path) => {
          const Page = pages[path];
          return <Route key={path.replace('/:tab', '')} path={path}><WholePage><Page /></WholePage></Route>;
        })}
        <Route><NotFound /></Route>
      </Switch>
    </ErrorEdge>
  );
}

function NotFound(): ReactNode {
  return (
    <>
      <PageHead title="Not found" />
      <p className="region">There is nothing at this address. The list at the left leads to everything that there is.</p>
    </>
  );
}
