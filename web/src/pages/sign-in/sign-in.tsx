import { Button, Modal, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { Me } from '@pier/shared/api';
import { type Fault, systemClock } from '@pier/shared/core';
import { useAct } from '../../api/index.ts';
import { PasswordField, Wrong } from '../../parts/index.ts';
import { clockSeconds } from '../../words/index.ts';
import { Door } from './door.tsx';

type Done = { readonly onDone: (me: Me) => void };

/** The door. */
export function SignInPage({ onDone }: Done): ReactNode {
  return (
    <Door title="Sign in" lead="With the account that an administrator of this manager made for you.">
      <SignInForm onDone={onDone} />
      <p className="door-else small">No account, or the password is lost? An administrator of this manager makes both, under People or with <code>pier user</code>.</p>
    </Door>
  );
}

/** Over a page whose session has ended: what was typed on it stays. */
export function SignInAgain({ user, onDone }: Done & { user: string }): ReactNode {
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={<span className="strong">Your session has ended</span>} size={400} padding={16}>
      <p className="dialog-sub">Sign in again; what you typed on this page is kept.</p>
      <SignInForm user={user} onDone={onDone} />
    </Modal>
  );
}

type Refused = { readonly fault: Fault; /** "In a minute" is said from here on. */ readonly atMs: number };

/** The focus goes to what is still to be typed. `user`: whose page this is; anybody else's sign-in loads it anew. */
function SignInForm({ user: known = '', onDone }: Done & { user?: string }): ReactNode {
  const [user, setUser] = useState(known);
  const [password, setPassword] = useState('');
  const [refused, setRefused] = useState<Refused>();
  const name = useRef<HTMLInputElement>(null);
  const word = useRef<HTMLInputElement>(null);
  const signIn = useAct('logIn');
  useEffect(() => (known === '' ? name : word).current?.focus(), [known]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (signIn.isPending) return;
    const empty = user === '' ? name : password === '' ? word : undefined;
    if (empty !== undefined) return empty.current?.focus();
    setRefused(undefined);
    const onError = (fault: Fault): void => {
      setRefused({ fault, atMs: systemClock.nowMs() });
      word.current?.select();
    };
    signIn.mutate({ body: { user, password } }, { onSuccess: onDone, onError });
  };
  return (
    <form onSubmit={submit} noValidate className="door-fields">
      <TextInput label="User" name="user" autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} ref={name} value={user} onChange={({ currentTarget }) => setUser(currentTarget.value)} {...(known === '' && { 'data-autofocus': true })} />
      <PasswordField label="Password" name="password" inputRef={word} value={password} onChange={setPassword} first={known !== ''} />
      {known !== '' && user !== known && <p className="note small">This page is {known}’s. As {user === '' ? 'somebody else' : user} it is loaded anew, and what was typed on it is lost.</p>}
      {refused && <RefusedNote {...refused} />}
      <div className="door-act"><Button type="submit" variant="primary" loading={signIn.isPending}>Sign in</Button></div>
    </form>
  );
}

function RefusedNote({ fault, atMs }: Refused): ReactNode {
  return <Wrong fault={fault} lead={fault.code === 'too-many-requests' ? `Not signed in at ${clockSeconds(atMs)}.` : 'Not signed in.'} />;
}
