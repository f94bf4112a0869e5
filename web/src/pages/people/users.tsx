import { Button } from '@mantine/core';
import { type ComponentProps, type ReactNode, useState } from 'react';
import type { ApiToken, User } from '@pier/shared/api';
import { useMe } from '../../api/index.ts';
import { ActButton, Moment, More, NoMatch, Region, TableScroll } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { isFound } from './found.ts';
import { AddUser, ChangeRole, NewPassword, RemoveUser } from './user-dialogs.tsx';

type Props = {
  readonly users: readonly User[];
  readonly tokens: readonly ApiToken[] | undefined;
  /** Whether `tokens` are all that there are. */
  readonly allTokens: boolean;
  readonly find: string;
  readonly onFind: (next: string | undefined) => void;
  readonly pages: ComponentProps<typeof More>['of'];
};
type Open = { readonly what: 'add' } | { readonly what: 'role' | 'password' | 'remove'; readonly user: User };

/** For administrators. There is always one: whoever looks. */
export function Users({ users, tokens, allTokens, find, onFind, pages }: Props): ReactNode {
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);
  const found = users.filter(({ name, role }) => isFound(find, [name, role]));
  const known = !pages.hasNextPage ? counted(users.length, 'account') : `the first ${counted(users.length, 'account')} by name`;
  const tokensOf = ({ name }: User): readonly ApiToken[] | undefined => (allTokens ? tokens?.filter((token) => token.user === name) : undefined);
  const admins = users.filter(({ role }) => role === 'admin').length;
  const onlyAdmin = ({ role }: User): boolean => role === 'admin' && admins === 1 && !pages.hasNextPage;
  return (
    <Region title="People" note={find.trim() === '' ? known : `${count(found.length)} of ${known}`} acts={<ActButton compact icon="plus" onClick={() => setOpen({ what: 'add' })}>Add…</ActButton>}>
      {found.length === 0 ? (
        <NoMatch says={<>Nobody’s name or role has “{find.trim()}” in it.</>} hidden={`${known} hidden.`}><Button data-size="compact" onClick={() => onFind(undefined)}>Show all</Button></NoMatch>
      ) : (
        <TableScroll>
          <table className="table table-stack people-table">
            <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Since</th><th scope="col" className="end">API tokens</th><th scope="col"><span className="sr-only">Acts</span></th></tr></thead>
            <tbody>{found.map((user) => <UserRow key={user.name} user={user} tokens={tokensOf(user)?.length} onlyAdmin={onlyAdmin(user)} onOpen={(what) => setOpen({ what, user })} />)}</tbody>
          </table>
        </TableScroll>
      )}
      <More of={pages} word="Show more" />
      {open?.what === 'add' && <AddUser onClose={close} />}
      {open?.what === 'role' && <ChangeRole user={open.user} tokens={tokensOf(open.user)} onClose={close} />}
      {open?.what === 'password' && <NewPassword user={open.user} onClose={close} />}
      {open?.what === 'remove' && <RemoveUser user={open.user} tokens={tokensOf(open.user)} onClose={close} />}
    </Region>
  );
}

type RowProps = { readonly user: User; readonly tokens: number | undefined; readonly onlyAdmin: boolean; readonly onOpen: (what: 'role' | 'password' | 'remove') => void };

function UserRow({ user: { name, role, createdAt }, tokens, onlyAdmin, onOpen }: RowProps): ReactNode {
  const me = useMe();
  const off = onlyAdmin ? 'The only administrator: make another one first.' : undefined;
  return (
    <tr>
      <th scope="row">{name}{name === me.user && <span className="dim"> (you)</span>}</th>
      <td data-says="Role">{role}</td>
      <td data-says="Since"><Moment at={createdAt} /></td>
      <td className="end" data-says="API tokens">{tokens === undefined ? <span className="dim">more than shown</span> : count(tokens)}</td>
      <td className="people-acts">
        <ActButton compact off={off} offQuiet onClick={() => onOpen('role')}>Change role…</ActButton>
        <ActButton compact onClick={() => onOpen('password')}>New password…</ActButton>
        <ActButton compact off={off} offQuiet onClick={() => onOpen('remove')}>Remove…</ActButton>
      </td>
    </tr>
  );
}
