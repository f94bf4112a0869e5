import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { ListedClaimToken } from '@pier/shared/api';
import { useAct, useNow, usePages, useViewPart, useWhyNot } from '../../api/index.ts';
import { ActButton, ActDialog, Answered, Bar, Copy, Empty, Moment, More, Region, TableScroll } from '../../parts/index.ts';
import { clockTime, count, counted, duration } from '../../words/index.ts';
import { kindWords, tokenState } from './token-view.ts';

const soonMs = 3_600_000;

/** The claim tokens: those that still let somebody in, and on wish the others. */
export function Tokens(): ReactNode {
  const tokens = usePages('listTokens', { query: { limit: 100 } });
  const [which, setWhich] = useViewPart('tokens');
  const [ends, setEnds] = useState<ListedClaimToken>();
  const revoke = useAct('revokeToken');
  const now = useNow();
  const items = tokens.data?.items ?? [];
  const live = items.filter((one) => tokenState(one, now) === 'live');
  const over = items.length - live.length;
  const shown = which === 'all' ? items : live;
  return (
    <Region
      title="Tokens" note={tokens.data && `${count(live.length)} live`}
      acts={over > 0 && <Button data-size="compact" aria-pressed={which === 'all'} onClick={() => setWhich(which === 'all' ? undefined : 'all')}>{which === 'all' ? 'Hide' : 'Show'} {count(over)} used up or ended</Button>}
    >
      <Answered of={tokens} what="the list of tokens">
        {() => (shown.length === 0 ? <Empty says={items.length === 0 ? 'No token was made yet.' : 'No token lets anybody in now.'} more="Without one, no new board can join; boards that have joined need none." /> : <Rows items={shown} nowMs={now} onRevoke={setEnds} />)}
      </Answered>
      <More of={tokens} />
      {ends && (
        <ActDialog title="Revoke a token" sub={<>Token <code>{ends.id}</code> lets nobody in any more, from now on.</>} act="Revoke this token" danger asksWhy={false} onClose={() => setEnds(undefined)} onAct={() => revoke.mutateAsync({ params: { id: ends.id } })}>
          <ul className="rows">
            <li><span>{counted(ends.uses, 'board')} that came with it</span><span className="push">{ends.uses === 1 ? 'stays' : 'stay'} in the fleet</span></li>
            <li><span>{counted(Math.max(0, ends.usesMax - ends.uses), 'board')} that could still come</span><span className="push">{ends.usesMax - ends.uses === 1 ? 'is' : 'are'} refused</span></li>
          </ul>
        </ActDialog>
      )}
    </Region>
  );
}

function Rows({ items, nowMs, onRevoke }: { items: readonly ListedClaimToken[]; nowMs: number; onRevoke: (token: ListedClaimToken) => void }): ReactNode {
  const off = useWhyNot('operator');
  return (
    <TableScroll>
      <table className="table table-stack">
        <thead><tr><th scope="col">Token</th><th scope="col">Kind</th><th scope="col">Used</th><th scope="col">Tags it gives</th><th scope="col">Ends</th><th scope="col">Made by</th><th scope="col"><span className="sr-only">Revoke</span></th></tr></thead>
        <tbody>
          {items.map((token) => {
            const state = tokenState(token, nowMs);
            const tags = Object.entries(token.tags);
            return (
              <tr key={token.id} className={state === 'live' ? undefined : 'dim'}>
                <td className="mono">{token.id}<Copy text={token.id} bare /></td>
                <td className="enrol-kind">{kindWords(token)}</td>
                <td data-says="Used"><span className="enrol-used"><Bar parts={token.uses === 0 ? [] : [{ key: 'used', word: 'used', family: 'ok', count: token.uses }]} total={token.usesMax} label={`${token.uses} of ${token.usesMax} used`} height={8} /><span>{count(token.uses)} of {count(token.usesMax)}</span></span></td>
                <td data-says="Gives">{tags.length === 0 ? <span className="dim">none</span> : <span className="enrol-tags">{tags.map(([key, value]) => <span key={key} className="chip">{key}={value}</span>)}</span>}</td>
                <td className="enrol-ends" data-says="Ends"><Ends token={token} nowMs={nowMs} /></td>
                <td data-says="Made by">{token.createdBy}</td>
                <td className="end">{state === 'live' ? <ActButton compact onClick={() => onRevoke(token)} off={off} offQuiet>Revoke…</ActButton> : state === 'used' ? 'used up' : 'ended'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableScroll>
  );
}

/** When a token ends; told as what is left in its last hour. */
function Ends({ token: { expiresAt }, nowMs }: { token: ListedClaimToken; nowMs: number }): ReactNode {
  const leftMs = Date.parse(expiresAt) - nowMs;
  if (leftMs > soonMs) return <Moment at={expiresAt} />;
  if (leftMs > 0) return <time dateTime={expiresAt} title={expiresAt} className="f-paused enrol-soon">in {duration(leftMs)}</time>;
  return <time dateTime={expiresAt} title={expiresAt}>{clockTime(expiresAt, nowMs)}</time>;
}
