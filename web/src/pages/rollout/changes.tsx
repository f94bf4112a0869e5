import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Release, ReleaseDifference, Rollout } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Icon, Region, StateMark } from '../../parts/index.ts';
import { bytes, counted, releaseWords } from '../../words/index.ts';

/** What the release may do that the one before it may not, and what it is. */
export function Changes({ rollout: { app, release } }: { rollout: Rollout }): ReactNode {
  const releases = useAnswer('listReleases', { query: { app, limit: 50 } });
  const own = useAnswer('getRelease', { params: { id: release } });
  const before = previousOf(releases.data?.items, own.data);
  const difference = useAnswer('compareRelease', { params: { id: release }, query: { from: before?.id ?? '' } }, { enabled: before !== undefined });
  return (
    <Region title="What changes for a device" note={before && `against ${before.version}`} acts={<Link href={`/releases/${release}`}>Release</Link>}>
      <Answered of={own} what="the release">
        {(it) => (
          <>
            {before === undefined && releases.data && <Asks release={it} />}
            {before !== undefined && <Answered of={difference} what="what it asks for beyond the one before" rows={2}>{(answer) => <Difference difference={answer} />}</Answered>}
            <p className="rollout-release"><StateMark state={releaseWords[it.state]} /> <span className="dim">{bytes(it.sizeBytes)}, {counted(it.signedBy.length, 'signature')}</span></p>
          </>
        )}
      </Answered>
    </Region>
  );
}

/** The newest of the app that is older than this one; by its counter, which only goes up. */
export function previousOf<R extends Pick<Release, 'id' | 'counter' | 'state'>>(releases: readonly R[] | undefined, own: Pick<Release, 'counter'> | undefined): R | undefined {
  if (own === undefined) return undefined;
  return releases?.filter(({ counter, state }) => counter < own.counter && state !== 'rejected').toSorted((a, b) => b.counter - a.counter)[0];
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
