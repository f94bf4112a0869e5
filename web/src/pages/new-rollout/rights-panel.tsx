import type { ReactNode } from 'react';
import type { Release, ReleaseDifference } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Icon, Region } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { replacedBy } from './release-section.tsx';

/** What the release asks for beyond the other version that the most devices run now, and how many those are. */
export function RightsPanel({ release: id }: { release: string }): ReactNode {
  const releases = useAnswer('listReleases', { query: { limit: 500 } });
  const fleet = useAnswer('getFleet', {});
  const release = releases.data?.items.find((one) => one.id === id);
  const replaced = release && fleet.data && replacedBy(release, fleet.data);
  const before = replaced && releases.data?.items.find((one) => one.app === release.app && one.version === replaced.version);
  if (!release) return null;
  if (!before) return <Region title={`What ${release.version} asks for`} note={fleet.data && 'no device runs another version of it'}><Plain lines={release.permissions} /></Region>;
  return <Compared release={release} before={before} runs={`which ${count(replaced.devices)} of ${counted(replaced.of, 'device')} ${replaced.devices === 1 ? 'runs' : 'run'} now`} />;
}

function Compared({ release, before, runs }: { release: Release; before: Release; runs: string }): ReactNode {
  const difference = useAnswer('compareRelease', { params: { id: release.id }, query: { from: before.id } });
  const more = difference.data && (difference.data.added.length > 0 || difference.data.changed.length > 0);
  const title = difference.data === undefined ? `${release.version} beside ${before.version}` : more ? `${release.version} asks for more or other than ${before.version}` : `${release.version} asks for no more than ${before.version}`;
  return (
    <Region title={more ? <span className="mark f-paused"><Icon name="alert" />{title}</span> : title} note={runs}>
      {release.counter < before.counter && <p className="note f-paused">It is older than {before.version}: a device goes back by itself only to what it ran well before. To any other older release it wants an operator&rsquo;s permit, and refuses without.</p>}
      <Answered of={difference} what="the difference" rows={2}>{(found) => <Lines difference={found} version={before.version} />}</Answered>
    </Region>
  );
}

function Lines({ difference: { added, removed, changed }, version }: { difference: ReleaseDifference; version: string }): ReactNode {
  if (added.length + removed.length + changed.length === 0) return <p className="dim">The same rights as {version}.</p>;
  return (
    <ul className="new-rollout-rights">
      {added.map((line) => <li key={line}><span className="mark f-paused"><Icon name="plus" /></span><span><span className="strong">New: it {line}</span></span></li>)}
      {changed.map(({ before, after }) => <li key={after}><span className="mark f-paused"><Icon name="alert" /></span><span><span className="strong">It {after}</span><br /><span className="dim">before: {before}</span></span></li>)}
      {removed.map((line) => <li key={line}><span className="mark f-waiting"><Icon name="minus" /></span><span className="dim">No longer: it {line}</span></li>)}
    </ul>
  );
}

function Plain({ lines }: { lines: readonly string[] }): ReactNode {
  return lines.length === 0 ? <p className="dim">Nothing.</p> : <ul className="new-rollout-rights">{lines.map((line) => <li key={line}><span className="mark f-waiting"><Icon name="plus" /></span><span>It {line}</span></li>)}</ul>;
}
