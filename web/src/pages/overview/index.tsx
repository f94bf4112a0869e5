/** Is the fleet all right, what moves, what needs me first? */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet } from '@pier/shared/api';
import { useAnswer, useLiveRollouts } from '../../api/index.ts';
import { Answered, PageHead } from '../../parts/index.ts';
import { capital, clockSeconds, count, counted } from '../../words/index.ts';
import { Changes } from './changes.tsx';
import { FirstDevice } from './first-device.tsx';
import { fleetSentence, movingSentence } from './fleet-words.ts';
import { Moving } from './moving.tsx';
import { NeedsYou, useNeeds } from './needs-you.tsx';
import { Sites } from './sites.tsx';
import { Standings } from './standings.tsx';
import { Versions } from './versions.tsx';
import './overview.css';

export default function OverviewPage(): ReactNode {
  const fleet = useAnswer('getFleet', {});
  return (
    <Answered of={fleet} what="the fleet's state" rows={8} head={<PageHead title="Overview" />}>
      {(now) => (now.total === (now.standings.pending ?? 0) ? <FirstDevice fleet={now} /> : <FleetView fleet={now} />)}
    </Answered>
  );
}

function FleetView({ fleet }: { fleet: Fleet }): ReactNode {
  const needs = useNeeds(fleet);
  return (
    <>
      <PageHead title={counted(fleet.total, 'device')} tab="Overview" beside={<span className="soft overview-sentence">{fleetSentence(fleet)}</span>} facts={<Verdict fleet={fleet} needs={needs.data} />} />
      <Standings fleet={fleet} />
      <div className="columns">
        <div className="columns-main overview-main"><Moving /><Versions fleet={fleet} /><Sites sites={fleet.sites} /></div>
        <div className="columns-side overview-side"><NeedsYou needs={needs} /><Changes /></div>
      </div>
    </>
  );
}

/** What moves and what comes first, in one line: what somebody who was just woken has to know. */
function Verdict({ fleet, needs }: { fleet: Fleet; needs: ReturnType<typeof useNeeds>['data'] }): ReactNode {
  const live = useLiveRollouts().data;
  const [first] = needs ?? [];
  return (
    <>
      <span><Link href="/devices?online=true">{count(fleet.online)} of {count(fleet.total)} reachable</Link></span>
      {live && <span>{capital(movingSentence(live.items))}</span>}
      {needs && <span>{first === undefined ? 'Nothing needs you' : <>First: <Link href={first.href}>{first.what}</Link></>}</span>}
      <span className="dim">as of {clockSeconds(Date.parse(fleet.at))}</span>
    </>
  );
}
