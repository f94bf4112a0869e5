/** While there is no device: five steps to an app on the first one, each with what is true of it now. */
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { AnswerOf, Fleet } from '@pier/shared/api';
import { useAct, useAnswer, useNowAs, useWhyNot } from '../../api/index.ts';
import { ActButton, Command, Icon, Moment, PageHead, StateMark, Wrong } from '../../parts/index.ts';
import { clockSeconds, counted, firstBoardCommands, firstPolicyCommands, signInCommand, standingWords } from '../../words/index.ts';
import { GhostBoard } from './ghost-board.tsx';

type Made = AnswerOf<'createToken'>;
type StepState = 'done' | 'now' | 'later';

export function FirstDevice({ fleet }: { fleet: Fleet }): ReactNode {
  const [made, setMade] = useState<Made>();
  const ready = useManager();
  const here = fleet.pending > 0;
  const trusted = (useAnswer('getAbout', {}).data?.policy ?? null) !== null;
  return (
    <>
      <PageHead title="No devices yet" tab="Overview" facts={<span>Five steps from here to an app on a board.</span>} />
      <div className="overview-first">
        <ol className="overview-steps">
          <Step n={1} title="The manager is ready" state={ready.ok ? 'done' : 'now'}>{ready.says}</Step>
          <Step n={2} title="Say whom devices trust" state={trusted ? 'done' : 'now'}><PolicyStep trusted={trusted} /></Step>
          <Step n={3} title="Make a claim token" state={made || here ? 'done' : trusted ? 'now' : 'later'}>{trusted ? <TokenStep made={made} onMade={setMade} /> : <p className="dim">A token carries the fingerprint of the policy's root key, so the policy comes first.</p>}</Step>
          <Step n={4} title="Start the agent on a board" state={here ? 'done' : made ? 'now' : 'later'}><StartStep token={made?.token} fleet={fleet} /></Step>
          <Step n={5} title="Roll an app out" state={here ? 'now' : 'later'}><AppStep /></Step>
        </ol>
        <aside className="overview-ghost" aria-label="Your first board">
          <p className="dim">{here ? 'A board is here and asks to join' : 'Your first board will appear here'}</p>
          <GhostBoard here={here} />
          {here ? <Link href="/enrol">{counted(fleet.pending, 'board')} to let in</Link> : <StateMark state={standingWords.waiting} says={made ? 'Waiting for a board' : 'Waiting for a claim token'} />}
        </aside>
      </div>
    </>
  );
}

function Step({ n, title, state, children }: { n: number; title: string; state: StepState; children: ReactNode }): ReactNode {
  return (
    <li aria-current={state === 'now' ? 'step' : undefined}>
      <span className="overview-step-n" data-step={state}>{state === 'done' ? <Icon name="check" size={26} /> : n}</span>
      <div className="overview-step">
        <h2>{title}{state === 'done' && <span className="sr-only">, done</span>}</h2>
        {children}
      </div>
    </li>
  );
}

function useManager(): { ok: boolean; says: ReactNode } {
  const health = useAnswer('health', {}, { everyMs: 10_000 });
  const about = useAnswer('getAbout', {});
  if (health.error) return { ok: false, says: <p role="alert">The manager does not answer: {health.error.message}.</p> };
  if (!health.data) return { ok: false, says: <p className="dim">Asking it.</p> };
  const at = <span className="dim">Checked {clockSeconds(health.dataUpdatedAt)}.</span>;
  if (health.data.ok) return { ok: true, says: <p>Database and broker answer{about.data && `; version ${about.data.version}`}. {at}</p> };
  const silent = [health.data.database ? [] : ['the database'], health.data.broker ? [] : ['the broker']].flat().join(' and ');
  return { ok: false, says: <p role="alert">{silent === '' ? 'It is not ready.' : `It waits for ${silent}.`} {at}</p> };
}

function PolicyStep({ trusted }: { trusted: boolean }): ReactNode {
  if (trusted) return <p>The trust policy is set: <Link href="/keys">who may do what</Link>.</p>;
  return (
    <>
      <p className="soft">Made and signed in a shell, in the folder of Pier: the root key never comes here. <Link href="/people">People</Link> makes the API token.</p>
      <Command text={`${signInCommand(window.location.origin)}\n${firstPolicyCommands}`} label="Making and setting the first policy" />
    </>
  );
}

function TokenStep({ made, onMade }: { made: Made | undefined; onMade: (made: Made) => void }): ReactNode {
  const off = useWhyNot('operator');
  const create = useAct('createToken');
  const make = (): void => create.mutate({ body: { uses: 1, expiresInS: 3_600 } }, { onSuccess: onMade });
  const gone = useNowAs((nowMs) => made !== undefined && Date.parse(made.expiresAt) <= nowMs);
  return (
    <>
      {made && !gone
        ? <p>Good for one board until <Moment at={made.expiresAt} />. It is shown only here and only now; the command below has it.</p>
        : <p className="soft">{gone ? 'That one is over. ' : ''}The board shows it once, and gets an identity of its own for it.</p>}
      <ActButton variant={made && !gone ? 'default' : 'primary'} icon="key" onClick={make} off={off} loading={create.isPending}>{made ? 'Make another' : 'Make a token for one board'}</ActButton>
      {create.error && <Wrong fault={create.error} />}
      <p className="small dim">For many boards, with tags, or with approval of each: <Link href="/enrol">Enrol</Link>.</p>
    </>
  );
}

function StartStep({ token, fleet }: { token: string | undefined; fleet: Fleet }): ReactNode {
  const addresses = useAnswer('getAddresses', {});
  if (token === undefined) return <p className="dim">{fleet.pending > 0 ? <>It asks to join: <Link href="/enrol">let it in</Link>.</> : 'The commands appear here with the token in them.'}</p>;
  return (
    <>
      <p className="soft">In this version boards are simulated ones, held by the real agent.</p>
      {addresses.data
        ? firstBoardCommands({ manager: addresses.data.device, token }).map(({ text, says }) => <div key={text}><p className="small dim">{says}</p><Command text={text} label={says} /></div>)
        : <p className="dim">Asking for the address that boards use.</p>}
      <p role="status"><StateMark state={standingWords.updating} says="Listening for the board" /> <span className="dim">{fleet.pending > 0 ? <Link href="/enrol">it asks to join</Link> : 'nothing heard yet'}</span></p>
    </>
  );
}

function AppStep(): ReactNode {
  const releases = useAnswer('listReleases', { query: { limit: 100 } });
  const n = releases.data?.items.filter(({ state }) => state === 'verified').length;
  if (n === undefined) return <p className="dim">Asking for releases.</p>;
  return n === 0
    ? <p className="soft">There is no signed release yet: <Link href="/releases">how one is made</Link>.</p>
    : <p className="soft">{counted(n, 'signed release')} ready. Once a board is in: <Link href="/rollouts/new">new rollout</Link>.</p>;
}
