import { useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react';
import { Link, useParams } from 'wouter';
import type { Rollout } from '@pier/shared/api';
import { systemClock } from '@pier/shared/core';
import { useAnswer } from '../../api/index.ts';
import { Answered, Copy, type Counter, Empty, Moment, PageHead, StateMark, WaveStrip } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { count, rolloutWords, share } from '../../words/index.ts';
import { FootActs, HeadActs } from './acts.tsx';
import { DesertedBanner, PausedBanner } from './banner.tsx';
import { Changes } from './changes.tsx';
import { InCommon } from './contrast.tsx';
import { AtWork, Ledger } from './ledger.tsx';
import { ProvenOverTime } from './progress.tsx';
import { scopeOf, selectionOf, standingOf, sumsOf } from './standing.ts';
import { Timeline } from './timeline.tsx';
import { type Acting, useActing } from './use-acting.ts';
import { VerbDialog } from './verb-dialog.tsx';
import './rollout.css';

export default function RolloutPage(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const rollout = useAnswer('getRollout', { params: { id } });
  if (rollout.data === undefined && rollout.error?.code === 'not-found') return <Unknown id={id} />;
  return (
    <div className="rollout-frame">
      <Answered of={rollout} what="this rollout" rows={8} head={<PageHead title="Rollout" tab={id} />}>{(answer) => <Shown key={answer.id} rollout={answer} />}</Answered>
    </div>
  );
}

function Unknown({ id }: { id: string }): ReactNode {
  return (
    <>
      <PageHead title="No such rollout" />
      <div className="region"><Empty says={`There is no rollout ${id}.`} more="It may be of another manager, or its id may be cut short."><Link href="/rollouts">All rollouts</Link></Empty></div>
    </>
  );
}

function Shown({ rollout }: { rollout: Rollout }): ReactNode {
  const acting = useActing(rollout);
  const [more, setMore] = useState(false);
  const phone = useMediaQuery('(max-width: 759px)', false, { getInitialValueInEffect: false });
  const openMore = useCallback(() => setMore(true), []);
  const copied = useKeys(rollout, acting, openMore);
  const { app, version, state, mode, waves, createdAt, createdBy, id, selector } = rollout;
  // What stopped it is asked first then.
  const stopped = state === 'paused' && rollout.cause === 'gate';
  const facts = (
    <>
      {selector === null ? <span>{selectionOf(rollout)}, fixed at start</span> : <><code>{selector}</code><span>{scopeOf({ mode, waves })}</span></>}
      <span>started <Moment at={createdAt} /> by {createdBy}</span>
      <span><code>{id}</code> <Copy text={id} bare /> <span role="status">{copied && 'Copied'}</span></span>
    </>
  );
  return (
    <div className="rollout-page">
      <PageHead title={`${app} ${version}`} beside={<StateMark state={rolloutWords[state]} says={standingOf(rollout)} tinted />} facts={facts} {...(!phone && { acts: <HeadActs rollout={rollout} acting={acting} more={more} onMore={setMore} /> })} />
      {phone && <Figure rollout={rollout} />}
      <div className="region rollout-pier"><WaveStrip rollout={rollout} hrefOf={(counter) => listOf(rollout, counter)} /></div>
      <PausedBanner rollout={rollout} />
      <DesertedBanner rollout={rollout} />
      <div className="columns">
        <div className="columns-main">
          {stopped && <InCommon rollout={rollout} />}
          <Ledger rollout={rollout} />
          {!stopped && <InCommon rollout={rollout} />}
          <AtWork rollout={rollout} />
        </div>
        <div className="columns-side">
          <ProvenOverTime rollout={rollout} />
          <Timeline rollout={rollout} />
          <Changes rollout={rollout} />
        </div>
      </div>
      {phone && <FootActs rollout={rollout} acting={acting} />}
      {acting.opened && <VerbDialog key={acting.opened} rollout={rollout} verb={acting.opened} revision={acting.revision} onClose={acting.close} onInstead={acting.look} />}
    </div>
  );
}

function Figure({ rollout }: { rollout: Rollout }): ReactNode {
  const { proven, total } = sumsOf(rollout);
  return <p className="region rollout-figure"><span className="figure">{count(proven)}</span> <span className="soft">of {count(total)} proven</span><span className="push soft">{share(proven, total)}</span></p>;
}

/** The list of all devices of the rollout in these states; undefined where that would show those of other waves as well. */
function listOf({ id, waves }: Rollout, { states, count: own, key }: Counter): string | undefined {
  const all = waves.reduce((sum, { counts }) => sum + states.reduce((n, state) => n + (counts[state] ?? 0), 0), 0);
  return key !== 'absent' && all === own ? `/devices?rollout=${id}&deployment=${states.join(',')}` : undefined;
}

const saidMs = 1_500;

/** Each letter opens the preview that its button opens; says whether the id has just been copied. */
function useKeys({ id, state }: Rollout, { look }: Acting, onMore: () => void): boolean {
  const [said, setSaid] = useState(false);
  useEffect(() => {
    if (!said) return undefined;
    const timer = systemClock.after(saidMs, () => setSaid(false));
    return () => timer[Symbol.dispose]();
  }, [said]);
  const copy = useCallback((): void => void navigator.clipboard.writeText(id).then(() => setSaid(true), () => setSaid(false)), [id]);
  useShortcuts(useMemo(() => [
    { keys: 'p', does: 'Pause or resume', act: () => look(state === 'paused' ? 'resume' : 'pause') },
    { keys: 'a', does: 'Advance', act: () => look('advance') },
    { keys: 'b', does: 'Roll back', act: () => look('roll_back') },
    { keys: 'c', does: 'Copy its id', act: copy },
    { keys: '.', does: 'More actions', act: onMore },
  ], [look, state, copy, onMore]));
  return said;
}
