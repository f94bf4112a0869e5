/** The side of the page: the token that was just made, with what to type, and what happens then. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useAnswer } from '../../api/index.ts';
import { Answered, Command, Moment, Region } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import type { Made } from './new-token.tsx';
import { joinCommands } from './token-view.ts';

const steps = [
  { does: 'Makes its own key, which never leaves it', note: 'P-256' },
  { does: 'Believes the manager only if its authority is the one in the token', note: 'SHA-256' },
  { does: 'Asks here with the token for a certificate', note: 'again after 2 to 60 s' },
  { does: 'Waits for approval, where its token wants that', note: 'asks each 5 to 60 s' },
  { does: 'Gets its certificate and the policy, and connects', note: 'for 2 years' },
] as const;

export function FreshToken({ made: { answer, wanted }, onDone }: { made: Made; onDone: () => void }): ReactNode {
  const addresses = useAnswer('getAddresses', {});
  const tags = Object.entries(wanted.tags);
  return (
    <Region title="The new token" note="shown once: it is kept only as a hash" acts={<Button data-size="compact" onClick={onDone}>Done, hide it</Button>} className="enrol-fresh">
      <Command label="The new token" text={answer.token} />
      <p className="enrol-gives">For {counted(answer.uses, 'board')} until <Moment at={answer.expiresAt} />{wanted.approval ? ', each with approval' : ''}.</p>
      {tags.length > 0 && <p className="enrol-tags">Gives {tags.map(([key, value]) => <span key={key} className="chip">{key}={value}</span>)}</p>}
      <Answered of={addresses} what="the address for devices" rows={3}>{({ device }) => <Commands manager={device} token={answer.token} />}</Answered>
    </Region>
  );
}

function Commands({ manager, token }: { manager: string; token: string }): ReactNode {
  const { installed, board, agent } = joinCommands({ manager, token });
  const about = useAnswer('getAbout', {});
  return (
    <>
      <h3>On a board with the package pier-agent</h3>
      <Command label="Enrols the board" text={installed} />
      <p className="small dim">The token may also stand in a file: <code>--token-file</code>. It is needed once.</p>
      <h3>Without a board: start a simulated one</h3>
      <Command label="Starts a simulated board" text={board} />
      <p className="small dim">board.json: <code>{'{"model":"raspberry-pi-4b","parts":[{"part":"led","name":"led","line":"GPIO17"}]}'}</code>. {about.data?.simulator === true && <>In the folder that this manager was shown with <code>--simulator</code> it also stands under <Link href="/simulator">Simulator</Link>.</>}</p>
      <h3>Then start the agent on it, with the token</h3>
      <Command label="Starts the agent with the token" text={agent} />
      <p className="small dim">Without <code>--board</code> it takes the pins of the machine it runs on, where there are any.</p>
    </>
  );
}

export function WhatThen(): ReactNode {
  return (
    <Region title="What a board does then">
      <ol className="rows enrol-steps">{steps.map(({ does, note }, index) => <li key={does}><span className="dim">{index + 1}</span><span>{does}</span><span className="push small dim">{note}</span></li>)}</ol>
      <p className="small dim enrol-then">One that does not show up says why in its own log: a token that is unknown, expired or used up, a manager that is not reached, or that it waits for approval. The same key with the same token is the same device, however often it asks.</p>
    </Region>
  );
}
