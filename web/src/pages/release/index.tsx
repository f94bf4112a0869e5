/** One release: may it be trusted, what may it touch, what is new in it, where does it run? */
import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';
import type { Release } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Empty, PageHead } from '../../parts/index.ts';
import { CheckIt } from './check-it.tsx';
import { Compared } from './compared.tsx';
import { ReleaseHead } from './head.tsx';
import { Runs } from './runs.tsx';
import { Siblings } from './siblings.tsx';
import { Signatures } from './signatures.tsx';
import { Touches } from './touches.tsx';
import { Troubles } from './troubles.tsx';
import { useCompared } from './use-compared.ts';
import './release.css';

export default function ReleasePage(): ReactNode {
  const { id = '' } = useParams();
  const release = useAnswer('getRelease', { params: { id } });
  if (release.data === undefined && release.error?.code === 'not-found') return <NoSuch id={id} />;
  return <Answered of={release} what="the release" rows={8} head={<PageHead title="Release" />}>{(one) => <Sheet key={one.id} release={one} />}</Answered>;
}

function Sheet({ release }: { release: Release }): ReactNode {
  const compared = useCompared(release);
  return (
    <>
      <ReleaseHead release={release} />
      <div className="release-columns">
        <div className="release-column">
          <Touches release={release} compared={compared} />
          <Compared release={release} compared={compared} />
        </div>
        <div className="release-column">
          <Signatures release={release} />
          <Siblings release={release} siblings={compared.siblings} />
        </div>
        <div className="release-column">
          <Runs release={release} />
          <Troubles release={release} />
          <CheckIt release={release} />
        </div>
      </div>
    </>
  );
}

function NoSuch({ id }: { id: string }): ReactNode {
  return (
    <>
      <PageHead title="No such release" />
      <div className="region"><Empty says={`There is no release ${id}.`} more={<Link href="/releases">All releases</Link>} /></div>
    </>
  );
}
