import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { type Fault, systemClock } from '@pier/shared/core';
import { useAct, useMe } from '../../api/index.ts';
import { ActButton, PasswordField, Region, Wrong, whyNotPassword } from '../../parts/index.ts';
import { clockSeconds } from '../../words/index.ts';

export function Account(): ReactNode {
  return (
    <>
      <Region title="My password"><PasswordForm /></Region>
      <Region title="This session"><SignOut /></Region>
    </>
  );
}

const nothing = { was: '', password: '' };
type Said = { readonly was?: string | undefined; readonly password?: string | undefined; readonly fault?: Fault; readonly doneAtMs?: number };

/** What is wrong stands at its field; what was typed stays until it is done. */
function PasswordForm(): ReactNode {
  const [form, setForm] = useState(nothing);
  const [said, setSaid] = useState<Said>({});
  const was = useRef<HTMLInputElement>(null);
  const next = useRef<HTMLInputElement>(null);
  const change = useAct('changeMe');
  const complain = (wrong: Said): void => {
    setSaid(wrong);
    (wrong.was !== undefined ? was : wrong.password !== undefined ? next : undefined)?.current?.select();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (change.isPending) return;
    const wrong = { was: form.was === '' ? 'Type the password that you have now.' : undefined, password: whyNotPassword(form.password) };
    complain(wrong);
    if (wrong.was !== undefined || wrong.password !== undefined) return;
    change.mutate({ body: form }, {
      onSuccess: () => {
        setForm(nothing);
        setSaid({ doneAtMs: systemClock.nowMs() });
      },
      onError: (fault) => complain(fault.code === 'forbidden' ? { was: 'This is not the password that you have now. Nothing was changed.' } : { fault }),
    });
  };
  return (
    <form onSubmit={submit} noValidate className="settings-form">
      <UserName />
      <PasswordField label="Password now" name="was" inputRef={was} value={form.was} onChange={(typed) => setForm({ ...form, was: typed })} error={said.was} />
      <PasswordField label="New password" name="password" isNew inputRef={next} value={form.password} onChange={(typed) => setForm({ ...form, password: typed })} error={said.password} />
      {said.fault && <Wrong fault={said.fault} lead="Not changed." />}
      <div className="settings-act">
        <Button type="submit" variant="primary" loading={change.isPending}>Change my password</Button>
        <span className="small dim" role="status">{said.doneAtMs === undefined ? 'Your sessions in other browsers end; API tokens stay.' : `Changed at ${clockSeconds(said.doneAtMs)}; your sessions in other browsers have ended.`}</span>
      </div>
    </form>
  );
}

/** For programs that keep passwords: whose this is (https://www.chromium.org/developers/design-documents/create-amazing-password-forms). */
function UserName(): ReactNode {
  const { user } = useMe();
  return <input className="settings-user" type="text" name="username" autoComplete="username" value={user} readOnly tabIndex={-1} aria-hidden="true" />;
}

function SignOut(): ReactNode {
  const leave = useAct('logout');
  const toTheDoor = (): void => window.location.assign('/');
  const onError = ({ code }: Fault): void => {
    if (code === 'unauthenticated') toTheDoor();
  };
  return (
    <div className="settings-act">
      <ActButton icon="out" loading={leave.isPending} onClick={() => leave.mutate({}, { onSuccess: toTheDoor, onError })}>Sign out</ActButton>
      <span className="small dim">Ends the session of this browser, in all its tabs; those elsewhere stay.</span>
      {leave.error && <Wrong fault={leave.error} lead="Not signed out." />}
    </div>
  );
}
