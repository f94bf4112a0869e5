import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet, Release, ReleaseUse } from '@pier/shared/api';
import { useAnswer, usePages } from '../../api/index.ts';
import { Answered, Bar, Moment, More, Region, StateMark, Swatch } from '../../parts/index.ts';
import { type Part, clockSeconds, count, counted, gapOf, rolloutState, rolloutTitle } from '../../words/index.ts';

/** Where it runs, by what devices say, and the rollouts that brought it there. */
export function Runs({ release }: { release: Release }): ReactNode {
  const use = useAnswer('useOfRelease', { params: { id: release.id } });
  const fleet = useAnswer('getFleet', {});
  return (
    <Region title="Where it runs" note={use.data && `reported, ${clockSeconds(use.dataUpdatedAt)}`}>
      <Answered of={use} what="where it runs" rows={2}>{(one) => <Answered of={fleet} what="the fleet" rows={1}>{(all) => <Figure release={release} use={one} fleet={all} />}</Answered>}</Answered>
      <h3 className="release-sub">Its rollouts</h3>
      <Rollouts release={release} />
    </Region>
  );
}

function Figure({ release, use: { running, proven, soaking }, fleet }: { release: Release; use: ReleaseUse; fleet: Fleet }): ReactNode {
  const other = running - proven - soaking;
  const parts: readonly Part[] = [
    { key: 'proven', word: 'Proven', family: 'ok' as const, count: proven },
    { key: 'soaking', word: 'Soaking', family: 'soaking' as const, count: soaking },
    { key: 'other', word: 'Neither', family: 'paused' as const, count: other },
  ].filter((part) => part.count > 0);
  if (other < 0) return <p className="note f-failed" role="alert">These counts do not add up: {count(running)} run it, {count(proven)} are proven and {count(soaking)} soak.</p>;
  const devices = fleet.apps.find(({ app }) => app === release.app)?.devices;
  return (
    <>
      <p className="release-figure"><span className="figure">{count(running)}</span> of {counted(fleet.total, 'device')}{running > 0 && <>: {parts.map((part) => `${count(part.count)} ${part.word.toLowerCase()}`).join(', ')}</>}</p>
      <Bar parts={parts} total={fleet.total} label={`${count(running)} of ${counted(fleet.total, 'device')} run it: ${count(proven)} proven, ${count(soaking)} soaking, ${count(other)} neither`} />
      <p className="small dim release-after">
        {other > 0 && <><Swatch family="paused" /> Neither: it runs there after a failure, or was put there by hand. </>}
        {devices !== undefined && <Link href={`/devices?app=${encodeURIComponent(release.app)}`}>{counted(devices, 'device')} with {release.app}, in any version</Link>}
      </p>
    </>
  );
}

function Rollouts({ release }: { release: Release }): ReactNode {
  const rollouts = usePages('listRollouts', { query: { release: release.id, limit: 10 } });
  return (
    <Answered of={rollouts} what="its rollouts" rows={2}>
      {({ items }) => items.length === 0
        ? <p className="dim">No rollout of this release yet.</p>
        : (
          <>
            <ul className="rows">
              {items.map((one) => {
                const gap = gapOf(one);
                const { state, says } = rolloutState(one);
                return (
                  <li key={one.id} className="release-rollout">
                    <Link href={`/rollouts/${one.id}`} className="name" title={one.id}>{one.name === rolloutTitle(one) ? <>Started <Moment at={one.createdAt} /></> : one.name}</Link>
                    <StateMark state={state} says={says} />
                    <span className="push">{count(gap.proven)} of {count(gap.total)} proven</span>
                  </li>
                );
              })}
            </ul>
            <More of={rollouts} />
          </>
        )}
    </Answered>
  );
}
