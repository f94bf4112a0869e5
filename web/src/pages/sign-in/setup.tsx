import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { type Me, UserName } from '@pier/shared/api';
import { type Fault, systemClock } from '@pier/shared/core';
import { useAct } from '../../api/index.ts';
import { PasswordField, Wrong, whyNotPassword } from '../../parts/index.ts';
import { clockSeconds, sentence } from '../../words/index.ts';
import { CodeField } from './code-field.tsx';
import { Door } from './door.tsx';
import { whyNotCode } from './setup-code.ts';

type Field = 'code' | 'user' | 'password';
type Form = Readonly<Record<Field, string>>;
type Wrongs = Readonly<Partial<Record<Field, string | undefined>>>;

/** The first account of a manager, made with the code that it said when it started. */
export function SetupPage({ onDone }: { onDone: (me: Me) => void }): ReactNode {
  return (
    <Door title="Set up this manager" lead="Nobody has an account yet. Prove that you run this machine with the setup code that it wrote, then make the first account.">
      <SetupForm onDone={onDone} />
      <p className="door-else small">Somebody has set it up already? <a href="/">Sign in</a>.</p>
    </Door>
  );
}

function SetupForm({ onDone }: { onDone: (me: Me) => void }): ReactNode {
  const [form, setForm] = useState<Form>({ code: '', user: '', password: '' });
  const [wrong, setWrong] = useState<Wrongs>({});
  const [fault, setFault] = useState<{ readonly fault: Fault; readonly atMs: number }>();
  const [code, user, password] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  const setUp = useAct('setUp');
  useEffect(() => code.current?.focus(), [code]);
  const change = (field: Field) => (next: string): void => {
    setForm({ ...form, [field]: next });
    setWrong({ ...wrong, [field]: undefined });
  };
  const complain = (next: Wrongs): void => {
    setWrong(next);
    const first = next.code !== undefined ? code : next.user !== undefined ? user : next.password !== undefined ? password : undefined;
    first?.current?.select();
  };
  const onError = (said: Fault): void => {
    if (said.code === 'forbidden') return complain({ code: sentence(said.message) });
    setFault({ fault: said, atMs: systemClock.nowMs() });
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (setUp.isPending) return;
    setFault(undefined);
    const found = wrongsOf(form);
    complain(found);
    if (Object.values(found).every((one) => one === undefined)) setUp.mutate({ body: form }, { onSuccess: onDone, onError });
  };
  return (
    <form onSubmit={submit} noValidate className="door-fields">
      <CodeField value={form.code} onChange={change('code')} error={wrong.code} inputRef={code} />
      <TextInput label="Your user name" description="Small letters and digits; after the first also . _ and -" name="user" autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} ref={user} value={form.user} onChange={({ currentTarget }) => change('user')(currentTarget.value)} {...(wrong.user !== undefined && { error: wrong.user })} />
      <PasswordField label="Password" name="password" isNew inputRef={password} value={form.password} onChange={change('password')} error={wrong.password} />
      {fault && <SetupRefused {...fault} />}
      <div className="door-act">
        <Button type="submit" variant="primary" loading={setUp.isPending}>Make the first account</Button>
        <span className="small dim">You become its administrator; you add others under People.</span>
      </div>
    </form>
  );
}

function SetupRefused({ fault, atMs }: { fault: Fault; atMs: number }): ReactNode {
  if (fault.code !== 'conflict') return <Wrong fault={fault} lead={fault.code === 'too-many-requests' ? `Not made at ${clockSeconds(atMs)}.` : 'Not made.'} />;
  return (
    <p className="note f-failed" role="alert">
      <span className="strong">Somebody was faster.</span> {sentence(fault.message)} <code>{fault.code}</code> <a href="/">To the sign-in</a>
    </p>
  );
}

function wrongsOf({ code, user, password }: Form): Wrongs {
  return { code: whyNotCode(code), user: whyNotUser(user), password: whyNotPassword(password) };
}

function whyNotUser(user: string): string | undefined {
  if (user === '') return 'Type a user name.';
  return UserName.safeParse(user).success ? undefined : `“${user}” is no user name: at most 63 small letters, digits, dots, hyphens and underscores, the first a letter or a digit.`;
}
