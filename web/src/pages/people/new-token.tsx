import { Button, Radio, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { AnswerOf, Me } from '@pier/shared/api';
import { useAct, useMe } from '../../api/index.ts';
import { ActDialog, Command, Copy } from '../../parts/index.ts';
import { RoleField } from './roles.tsx';

type Made = AnswerOf<'createApiToken'>;
const dayS = 86_400;
const lives = { '7': '7 days', '90': '90 days', '365': '1 year', none: 'until it is revoked' } as const;
type Life = keyof typeof lives;
const isLife = (text: string): text is Life => Object.hasOwn(lives, text);

export function NewToken({ onClose, onMade }: { onClose: () => void; onMade: (made: Made) => void }): ReactNode {
  const me = useMe();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Me['role']>('viewer');
  const [life, setLife] = useState<Life>('90');
  const create = useAct('createApiToken');
  const trimmed = name.trim();
  const act = async (): Promise<void> => {
    onMade(await create.mutateAsync({ body: { name: trimmed, role, ...(life !== 'none' && { expiresInS: Number(life) * dayS }) } }));
  };
  return (
    <ActDialog title="New API token" sub={`For a program that acts as ${me.user}. It is shown once.`} act="Make the token" asksWhy={false} off={trimmed === '' ? 'Type what it is for.' : undefined} onClose={onClose} onAct={act}>
      <div className="people-fields">
        <TextInput label="What it is for" description="Such as the machine that holds it" maxLength={64} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} data-autofocus />
        <RoleField value={role} onChange={setRole} atMost={me.role} />
        <Radio.Group label="Ends after" value={life} onChange={(next) => isLife(next) && setLife(next)}>
          <div className="people-lives">{Object.entries(lives).map(([value, label]) => <Radio key={value} value={value} label={label} />)}</div>
        </Radio.Group>
      </div>
    </ActDialog>
  );
}

/** Stays until it is put away: what is shown once must not vanish by a slip. */
export function MadeToken({ made: { name, role, token }, onDone }: { made: Made; onDone: () => void }): ReactNode {
  return (
    <section className="note people-made" aria-label={`The token ${name}`}>
      <p><span className="strong">{name}, {role}.</span> Shown now and never again: the manager keeps only its hash.</p>
      <div className="code"><pre className="people-secret">{token}</pre><Copy text={token} label="Copy token" /></div>
      <p className="small">On the machine that is to use it:</p>
      <Command text={`./pier login --manager ${window.location.origin} --token ${token}`} label="The command that signs the CLI in" />
      <p className="small dim">Or, so that it stands in no shell’s history, in <code>PIER_API_TOKEN</code>. <code>docker login</code> takes it as the password of the user <code>token</code>.</p>
      <Button data-size="compact" onClick={onDone}>I have kept it</Button>
    </section>
  );
}
