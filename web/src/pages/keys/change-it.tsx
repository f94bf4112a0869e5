import type { ReactNode } from 'react';
import type { PolicyDocument } from '@pier/shared/api';
import { useWhyNot } from '../../api/index.ts';
import { Command, Region } from '../../parts/index.ts';
import { signCommand } from './sign-command.ts';

/** A successor is signed by the same root, where its key is kept; this manager and the devices only check it. */
export function ChangeIt({ document }: { document: PolicyDocument }): ReactNode {
  const { text, lost } = signCommand(document);
  const whyNot = useWhyNot('admin');
  return (
    <Region title="Change it">
      <p className="keys-before">A successor is signed with the same root key, where that key is kept. Add or leave out key files; this is what is in force:</p>
      <Command text={text} label="Signing and setting a successor" />
      {lost.length > 0 && <p className="note f-paused keys-after"><span className="strong">Not the whole of it.</span> The command cannot say: {lost.join('; ')}. A policy that it signs would drop that.</p>}
      <p className="small dim keys-after">A key that is left out stops counting on each device as soon as it has the new policy. Releases are judged anew; rollouts of what is no longer trusted pause.{whyNot !== undefined && ` Setting a policy: ${whyNot.toLowerCase()}`}</p>
    </Region>
  );
}
