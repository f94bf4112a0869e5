/** Every release: whether it is trusted, who signed it, where devices say that it runs. */
import { Button, NativeSelect } from '@mantine/core';
import { type ReactNode, useRef } from 'react';
import type { Release } from '@pier/shared/api';
import { useAnswer, usePages, useViewPart } from '../../api/index.ts';
import { Answered, More, NoMatch, PageHead } from '../../parts/index.ts';
import { useRowKeys } from '../../shell/index.ts';
import { counted } from '../../words/index.ts';
import { HowToMakeOne } from './how-to-make-one.tsx';
import { ReleaseTable } from './release-table.tsx';
import './releases.css';

export default function ReleasesPage(): ReactNode {
  const [app, setApp] = useViewPart('app');
  const all = usePages('listReleases', { query: { limit: 100 } });
  const ofApp = usePages('listReleases', { query: { limit: 100, ...(app !== undefined && { app }) } }, { enabled: app !== undefined });
  const shown = app === undefined ? all : ofApp;
  const fleet = useAnswer('getFleet', {});
  const list = useRef<HTMLDivElement>(null);
  useRowKeys(list, 'release');
  const apps = [...new Set([...(fleet.data?.apps ?? []).map((one) => one.app), ...(all.data?.items ?? []).map((one) => one.app), ...(app === undefined ? [] : [app])])].toSorted();
  return (
    <>
      <PageHead title="Releases" facts="An artifact under a version, signed by its makers, for ever the same. What the policy accepts can be rolled out." acts={apps.length > 0 && <AppFilter apps={apps} app={app} onApp={setApp} />} />
      <div className="region" ref={list}>
        <Answered of={shown} what="the list of releases" rows={8}>
          {({ items }) => {
            if (items.length > 0) return <ReleaseTable releases={items} fleet={fleet.data} caption={app === undefined ? 'Releases' : `Releases of ${app}`} />;
            return app === undefined ? <HowToMakeOne /> : <NoneOf app={app} all={all.data?.items} onAll={() => setApp(undefined)} />;
          }}
        </Answered>
        {shown.data !== undefined && shown.data.items.length > 0 && <More of={shown} says={`${shown.hasNextPage ? 'The newest' : 'All'} ${counted(shown.data.items.length, 'release')}.`} />}
      </div>
    </>
  );
}

function AppFilter({ apps, app, onApp }: { apps: readonly string[]; app: string | undefined; onApp: (app: string | undefined) => void }): ReactNode {
  return <NativeSelect aria-label="Releases of" value={app ?? ''} onChange={({ currentTarget }) => onApp(currentTarget.value === '' ? undefined : currentTarget.value)} data={[{ value: '', label: 'All apps' }, ...apps.map((one) => ({ value: one, label: one }))]} />;
}

/** No release of this app: perhaps it is written otherwise. */
function NoneOf({ app, all, onAll }: { app: string; all: readonly Release[] | undefined; onAll: () => void }): ReactNode {
  return (
    <NoMatch says={<>There is no release of an app <code>{app}</code>.</>} {...(all !== undefined && all.length > 0 && { hidden: `Of other apps there are: ${[...new Set(all.map((one) => one.app))].slice(0, 12).join(', ')}.` })}>
      <Button onClick={onAll}>Show all apps</Button>
    </NoMatch>
  );
}
