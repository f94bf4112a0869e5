import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Region } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { versionShares } from './version-shares.ts';

const kinds = { newest: 'newest release', most: 'most used of the others', other: 'all others' } as const;

/** Which versions run, as devices report it: that of the newest release, the one that most run, the rest. */
export function Versions({ fleet }: { fleet: Fleet }): ReactNode {
  const releases = useAnswer('listReleases', { query: { limit: 500 } });
  return (
    <Region title="Versions in use" note="reported by devices, not targeted">
      {fleet.apps.length === 0 ? <p className="dim">No device reports an app.</p> : (
        <Answered of={releases} what="the list of releases">
          {({ items }) => (
            <>
              <ul className="overview-versions">
                {fleet.apps.map((app) => {
                  const shares = versionShares(app, items);
                  return (
                    <li key={app.app}>
                      <Link href={`/devices?app=${app.app}`} className="name ellipsis">{app.app}</Link>
                      <span className="end">{count(app.devices)}</span>
                      <span className="overview-version-bar" role="img" aria-label={`${app.app} on ${counted(app.devices, 'device')}: ${shares.map(({ words }) => words).join(', ')}`}>
                        {shares.filter(({ devices }) => devices > 0).map(({ kind, devices }) => <span key={kind} className={`overview-version-${kind}`} style={{ flexGrow: devices }} />)}
                      </span>
                      <span className="overview-version-words small" aria-hidden="true">{shares.map(({ kind, words }) => <span key={kind}><i className={`overview-key overview-version-${kind}`} />{words}</span>)}</span>
                    </li>
                  );
                })}
              </ul>
              <p className="small dim overview-legend">{(['newest', 'most', 'other'] as const).map((kind) => <span key={kind}><i className={`overview-key overview-version-${kind}`} />{kinds[kind]}</span>)}</p>
            </>
          )}
        </Answered>
      )}
    </Region>
  );
}
