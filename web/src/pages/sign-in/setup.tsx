import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { Me } from '@pier/shared/api';
import { useAct } from '../../api/index.ts';
import { Wrong } from '../../parts/index.ts';

/** The first account of a manager, made with the code that it said when it started. */
export function SetupPage({ onDone }: { onDone: (me: Me) => void }): ReactNode {
  const [form, setForm] = useState({ code: '', user: '', password: '' });
  const setUp = useAct('setUp');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setUp.mutate({ body: form }, { onSuccess: onDone });
  };
  return (
    <main className="door">
      <h1>Set up this manager</h1>
      <form onSubmit={submit}>
        <TextInput label="Setup code" name="code" required value={form.code} onChange={({ currentTarget }) => setForm({ ...form, code: currentTarget.value })} />
        <TextInput label="User" name="user" autoComplete="username" required value={form.user} onChange={({ currentTarget }) => setForm({ ...form, user: currentTarget.value })} />
        <PasswordInput label="Password, 12 characters or more" name="password" autoComplete="new-password" required minLength={12} value={form.password} onChange={({ currentTarget }) => setForm({ ...form, password: currentTarget.value })} />
        {setUp.error && <Wrong fault={setUp.error} />}
        <Button type="submit" variant="primary" loading={setUp.isPending}>Make the first account</Button>
      </form>
    </main>
  );
}
