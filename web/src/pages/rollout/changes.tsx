import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet, Release, ReleaseDifference, Rollout } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Icon, Region, StateMark } from '../../parts/index.ts';
import { bytes, count, counted, releaseWords } from '../../words/index.ts';

/** What the release may do that the one which devices run may not, and what it is. */
export function Changes({ rollout: { app, release, finishedAt } }: { rollout: Rollout }): ReactNode {
  const releases = useAnswer('listReleases', { query: { app, limit: 50 } });
  const own = useAnswer('getRelease', { params: { id: release } });
  const fleet = useAnswer('getFleet', {});
  const running = fleet.data?.apps.find((one) => one.app === app)?.versions ?? [];
  const most = mostRunOf({ releases: releases.data?.items, own: own.data, running, live: finishedAt === null });
  const before = fleet.isPending ? undefined : (most?.release ?? previousOf(releases.data?.items, own.data));
  const difference = useAnswer('compareRelease', { params: { id: release }, query: { from: before?.id ?? '' } }, { enabled: before !== undefined });
  return (
    <Region title="What changes for a device" note={before && `against ${before.version}, ${most === undefined ? 'the release before' : `which ${most.devices === 1 ? '1 device runs' : `${count(most.devices)} devices run`}`}`} acts={<Link href={`/releases/${release}`}>Release</Link>}>
      <Answered of={own} what="the release">
        {(it) => (
          <>
            {before === undefined && releases.data && !fleet.isPending && <Asks release={it} />}
            {before !== undefined && <Answered of={difference} what="what it asks for beyond the one before" rows={2}>{(answer) => <Difference difference={answer} />}</Answered>}
            <p className="rollout-release"><StateMark state={releaseWords[it.state]} /> <span className="dim">{bytes(it.sizeBytes)}, {counted(it.signedBy.length, 'signature')}</span></p>
          </>
        )}
      </Answered>
    </Region>
  );
}

type Compared = Pick<Release, 'id' | 'counter'> & { readonly version: string };
type Asked<R> = { readonly releases: readonly R[] | undefined; readonly own: Omit<Compared, 'id'> | undefined; readonly running: Fleet['apps'][number]['versions']; /** Of a rollout that is over, what came after it says nothing. */ readonly live: boolean };

/** What most devices run instead, as they report it; undefined where none reports another release that is known here. */
export function mostRunOf<R extends Compared>({ releases = [], own, running, live }: Asked<R>): { readonly release: R; readonly devices: number } | undefined {
  if (own === undefined) return undefined;
  const known = running.flatMap(({ version, devices }) => {
    const release = version === own.version ? undefined : releases.find((one) => one.version === version);
    return release === undefined || (!live && release.counter > own.counter) ? [] : [{ release, devices }];
  });
  return known.toSorted((a, b) => b.devices - a.devices || b.release.counter - a.release.counter)[0];
}

/** The newest verified one of the app that is older than this one; by its counter, which only goes up. */
export function previousOf<R extends Pick<Release, 'id' | 'counter' | 'state'>>(releases: readonly R[] | undefined, own: Pick<Release, 'counter'> | undefined): R | undefined {
  if (own === undefined) return undefined;
  return releases?.filter(({ counter, state }) => counter < own.counter && state === 'verified').toSorted((a, b) => b.counter - a.counter)[0];
}

function Asks({ release: { permissions } }: { release: Release }): ReactNode {
  if (permissions.length === 0) return <p className="dim">The first release of the app; it asks for nothing.</p>;
  return <ul className="rollout-changes">{permissions.map((words) => <li key={words}><Icon name="plus" /> {words}</li>)}</ul>;
}

function Difference({ difference: { added, removed, changed } }: { difference: ReleaseDifference }): ReactNode {
  if (added.length + removed.length + changed.length === 0) return <p className="dim">It asks for nothing more and nothing less.</p>;
  return (
    <ul className="rollout-changes">
      {added.map((words) => <li key={`+${words}`}><span className="rollout-mark f-paused"><Icon name="plus" /></span><span><span className="sr-only">Asks for more: </span>{words}</span></li>)}
      {changed.map(({ before, after }) => <li key={`~${after}`}><span className="rollout-mark f-paused"><Icon name="plus" /></span><span>{after} <span className="dim">before: {before}</span></span></li>)}
      {removed.map((words) => <li key={`-${words}`}><span className="rollout-mark f-waiting"><Icon name="minus" /></span><span>no longer: {words}</span></li>)}
    </ul>
  );
}
