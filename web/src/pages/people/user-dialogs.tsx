/** What an administrator does about people; each dialog says first what else ends with it. */
import { TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { type ApiToken, type User, UserName } from '@pier/shared/api';
import { useAct, useMe } from '../../api/index.ts';
import { ActDialog, PasswordField, whyNotPassword } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { RoleField, roles } from './roles.tsx';

const namesMax = 8;
type About = { readonly user: User; /** Undefined where not all are known. */ readonly tokens: readonly ApiToken[] | undefined; readonly onClose: () => void };

export function AddUser({ onClose }: { onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [role, setRole] = useState<User['role']>('viewer');
  const [password, setPassword] = useState('');
  const create = useAct('createUser');
  const off = UserName.safeParse(name).success ? whyNotPassword(password) : name === '' ? 'Type a name.' : 'A name has at most 63 small letters, digits and . _ -, the first a letter or a digit.';
  return (
    <ActDialog title="Add a person" sub="An account of their own: the audit names who did what." act={name === '' ? 'Add' : `Add ${name} as ${role}`} asksWhy={false} off={off} onClose={onClose} onAct={() => create.mutateAsync({ body: { name, role, password } })}>
      <div className="people-fields">
        <TextInput label="User name" description="Small letters and digits; after the first also . _ and -" name="user" autoComplete="off" autoCapitalize="none" spellCheck={false} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} data-autofocus />
        <RoleField value={role} onChange={setRole} />
        <PasswordField label="First password" name="password" isNew value={password} onChange={setPassword} />
        <p className="small dim">Give it to them over another way; they change it under Settings.</p>
      </div>
    </ActDialog>
  );
}

export function ChangeRole({ user: { name, role: was }, tokens, onClose }: About): ReactNode {
  const [role, setRole] = useState(was);
  const change = useAct('changeUser');
  const isLess = roles.indexOf(role) < roles.indexOf(was);
  const ended = tokens?.filter((token) => roles.indexOf(token.role) > roles.indexOf(role)).length;
  return (
    <ActDialog title={`Change the role of ${name}`} act={role === was ? 'Change role' : `Make ${name} ${role}`} danger={isLess} asksWhy={false} off={role === was ? `${name} is ${was} now.` : undefined} onClose={onClose} onAct={() => change.mutateAsync({ params: { user: name }, body: { role } })}>
      <div className="people-fields">
        <RoleField value={role} onChange={setRole} />
        {role !== was && (
          <ul className="people-effects">
            {isLess ? <Effect>All sessions of {name} end; they sign in again.</Effect> : <Effect>From the next request on; sessions and API tokens stay as they are.</Effect>}
            {isLess && <Effect>{tokens === undefined ? `API tokens above ${role} end.` : `${ended} of ${counted(tokens.length, 'API token')} ${ended === 1 ? 'is' : 'are'} above ${role} and end${ended === 1 ? 's' : ''}.`}</Effect>}
          </ul>
        )}
        <Yourself name={name} shown={isLess}>you sign in again, as {role}, and nobody but another administrator gives it back</Yourself>
      </div>
    </ActDialog>
  );
}

export function NewPassword({ user: { name }, onClose }: Omit<About, 'tokens'>): ReactNode {
  const [password, setPassword] = useState('');
  const change = useAct('changeUser');
  const isMe = useMe().user === name;
  return (
    <ActDialog title={`New password for ${name}`} act={`Change the password of ${name}`} asksWhy={false} off={whyNotPassword(password)} onClose={onClose} onAct={() => change.mutateAsync({ params: { user: name }, body: { password } })}>
      <div className="people-fields">
        <PasswordField label="New password" name="password" isNew value={password} onChange={setPassword} first />
        <ul className="people-effects">
          <Effect>{isMe ? 'Your sessions in other browsers end; this one stays.' : `All sessions of ${name} end.`}</Effect>
          <Effect>API tokens stay: end those by themselves, where the old password is known to somebody else.</Effect>
        </ul>
      </div>
    </ActDialog>
  );
}

export function RemoveUser({ user: { name, role }, tokens, onClose }: About): ReactNode {
  const remove = useAct('removeUser');
  return (
    <ActDialog title={`Remove ${name}`} sub={`${name} is ${role}. What they did stays in the audit, under their name.`} act={`Remove ${name}`} danger asksWhy={false} onClose={onClose} onAct={() => remove.mutateAsync({ params: { user: name } })}>
      <ul className="people-effects">
        <Effect>All sessions of {name} end.</Effect>
        <Effect>{tokensEnd(tokens)}</Effect>
        <Effect>MQTT certificates that they fetched with the CLI hold until they run out.</Effect>
        <Effect>Their saved views are forgotten.</Effect>
      </ul>
      <Yourself name={name} shown>you are signed out at once, and cannot sign in again</Yourself>
    </ActDialog>
  );
}

function tokensEnd(tokens: About['tokens']): string {
  if (tokens === undefined) return 'All API tokens of theirs end.';
  if (tokens.length === 0) return 'There is no API token of theirs to end.';
  const names = tokens.slice(0, namesMax).map(({ name }) => name).join(', ');
  return `${counted(tokens.length, 'API token')} of theirs end${tokens.length === 1 ? 's' : ''}: ${names}${tokens.length > namesMax ? ' …' : ''}`;
}

function Effect({ children }: { children: ReactNode }): ReactNode {
  return <li>{children}</li>;
}

function Yourself({ name, shown, children }: { name: string; shown: boolean; children: ReactNode }): ReactNode {
  const me = useMe();
  return shown && me.user === name ? <p className="note f-paused"><span className="strong">This is you:</span> {children}.</p> : null;
}
