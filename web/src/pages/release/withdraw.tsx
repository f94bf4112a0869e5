import type { ReactNode } from 'react';
import type { Release } from '@pier/shared/api';
import { useAct, useAnswer } from '../../api/index.ts';
import { ActDialog, Answered } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';

/** Takes a release back for good: who is hit, and who is not. */
export function WithdrawDialog({ release, onClose }: { release: Release; onClose: () => void }): ReactNode {
  const { id, app, version } = release;
  const withdraw = useAct('withdrawRelease');
  return (
    <ActDialog
      danger
      title={`Withdraw ${app} ${version}`}
      sub="It is offered to nobody any more, for good: a release that was withdrawn cannot be given back. A new one needs a new version."
      act={`Withdraw ${app} ${version}`}
      typed={version}
      onClose={onClose}
      onAct={(said) => withdraw.mutateAsync({ params: { id }, body: said })}
    >
      <Effects release={release} />
    </ActDialog>
  );
}

function Effects({ release: { id } }: { release: Release }): ReactNode {
  const use = useAnswer('useOfRelease', { params: { id } });
  const live = useAnswer('listRollouts', { query: { release: id, live: 'true', limit: 500 } });
  return (
    <table className="table">
      <caption className="sr-only">What happens</caption>
      <tbody>
        <tr>
          <th scope="row">Rollouts of it that are live</th>
          <td className="end strong"><Answered of={live} what="its rollouts" rows={1}>{({ items, next }) => <>{count(items.length)}{next === null ? '' : ' or more'}</>}</Answered></td>
          <td>those that run pause; nothing new is offered</td>
        </tr>
        <tr>
          <th scope="row">Devices that run it</th>
          <td className="end strong"><Answered of={use} what="where it runs" rows={1}>{({ running }) => count(running)}</Answered></td>
          <td>{use.data?.running === 0 ? 'none has to be brought back' : `${use.data ? counted(use.data.running, 'device') : 'they'} keep it; start a rollout of another release to replace it`}</td>
        </tr>
      </tbody>
    </table>
  );
}
