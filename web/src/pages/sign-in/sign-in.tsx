import { Button, Modal, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { Me } from '@pier/shared/api';
import { useAct } from '../../api/index.ts';
import { Wrong } from '../../parts/index.ts';

type Done = { readonly onDone: (me: Me) => void };

/** The door. */
export function SignInPage({ onDone }: Done): ReactNode {
  return (
    <main className="door">
      <h1>Sign in to Pier</h1>
      <SignInForm onDone={onDone} />
    </main>
  );
}

/** Over a page whose session has ended: what was typed on it stays. */
export function SignInAgain({ user, onDone }: Done & { user: string }): ReactNode {
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={<span className="strong">Your session has ended</span>} size={400}>
      <p className="dialog-sub">Sign in again; what you typed on this page is kept.</p>
      <SignInForm user={user} onDone={onDone} />
    </Modal>
  );
}

function SignInForm({ user: known = '', onDone }: Done & { user?: string }): ReactNode {
  const [user, setUser] = useState(known);
  const [password, setPassword] = useState('');
  const signIn = useAct('logIn');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate({ body: { user, password } }, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit}>
      <TextInput label="User" name="user" autoComplete="username" required value={user} onChange={({ currentTarget }) => setUser(currentTarget.value)} />
      <PasswordInput label="Password" name="password" autoComplete="current-password" required value={password} onChange={({ currentTarget }) => setPassword(currentTarget.value)} />
      {signIn.error && <Wrong fault={signIn.error} />}
      <Button type="submit" variant="primary" loading={signIn.isPending}>Sign in</Button>
    </form>
  );
}
