import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import type { Release } from '@pier/shared/api';
import { useAnswer, useWhyNot } from '../../api/index.ts';
import { ActButton, Id, Moment, PageHead, StateMark } from '../../parts/index.ts';
import { auditRemark, bytes, count, counted, releaseWords } from '../../words/index.ts';
import { WithdrawDialog } from './withdraw.tsx';

export function ReleaseHead({ release }: { release: Release }): ReactNode {
  const { id, app, version, state, signedBy, digest, sizeBytes, counter, repository, createdAt } = release;
  const history = useAnswer('listAudit', { query: { object: `release:${id}`, limit: 100 } });
  const acts = (history.data?.items ?? []).filter(({ object }) => object === `release:${id}`);
  const made = acts.find(({ action }) => action === 'release.created');
  return (
    <>
      <PageHead
        title={`${app} ${version}`}
        beside={<StateMark state={releaseWords[state]} says={state === 'verified' ? `Signed by ${counted(signedBy.length, 'key')}` : undefined} tinted />}
        facts={
          <>
            <Id id={digest} />
            <span>{bytes(sizeBytes)}</span>
            <span>published <Moment at={createdAt} />{made && ` by ${made.actor}`}</span>
            <span>release counter {count(counter)}</span>
            <code>{repository}</code>
          </>
        }
        acts={<Acts release={release} />}
      />
      <Verdict release={release} withdrawn={acts.find(({ action }) => action === 'release.withdrawn')} />
    </>
  );
}

function Acts({ release }: { release: Release }): ReactNode {
  const [, go] = useLocation();
  const [withdrawing, setWithdrawing] = useState(false);
  const whyNot = useWhyNot('operator');
  const untrusted = release.state === 'verified' ? undefined : release.state === 'withdrawn' ? 'It was withdrawn.' : 'The policy does not accept it.';
  return (
    <>
      <ActButton onClick={() => setWithdrawing(true)} off={whyNot ?? (release.state === 'withdrawn' ? 'It was withdrawn for good.' : undefined)} offQuiet>Withdraw…</ActButton>
      <ActButton icon="rollout" variant="primary" onClick={() => go(`/rollouts/new?release=${release.id}`)} off={whyNot ?? untrusted}>Roll out…</ActButton>
      {withdrawing && <WithdrawDialog release={release} onClose={() => setWithdrawing(false)} />}
    </>
  );
}

type Withdrawal = { readonly actor: string; readonly at: string; readonly detail: Record<string, unknown> };

/** Why it cannot be rolled out, where that is so. */
function Verdict({ release, withdrawn }: { release: Release; withdrawn: Withdrawal | undefined }): ReactNode {
  const { state, reason } = release;
  if (state === 'verified') return null;
  if (state === 'withdrawn') {
    const remark = withdrawn && auditRemark(withdrawn.detail);
    return <p className="note f-paused release-verdict">Offered to nobody any more{withdrawn && <>, since {withdrawn.actor} withdrew it <Moment at={withdrawn.at} /></>}{remark !== undefined && <>: “{remark}”</>}. What runs it goes on.</p>;
  }
  return <p className="note f-refused release-verdict"><span className="strong">No device would fetch it.</span> {reason === null ? 'The policy in force does not accept its signatures.' : <>{reason.reason} <code>{reason.code}</code></>}</p>;
}
