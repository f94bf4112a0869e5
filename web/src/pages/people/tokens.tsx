import { Button } from '@mantine/core';
import { type ComponentProps, type ReactNode, useState } from 'react';
import type { AnswerOf, ApiToken } from '@pier/shared/api';
import { useAct, useMe, useNowAs } from '../../api/index.ts';
import { ActButton, ActDialog, Ago, Empty, Id, Moment, More, NoMatch, Region, TableScroll } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { isFound } from './found.ts';
import { MadeToken, NewToken } from './new-token.tsx';

type Props = { readonly tokens: readonly ApiToken[]; readonly find: string; readonly onFind: (next: string | undefined) => void; readonly pages: ComponentProps<typeof More>['of'] };

/** Tokens with which programs ask: one's own; all of them for an administrator. */
export function Tokens({ tokens, find, onFind, pages }: Props): ReactNode {
  const me = useMe();
  const [open, setOpen] = useState<'new' | ApiToken>();
  const [made, setMade] = useState<AnswerOf<'createApiToken'>>();
  const found = tokens.filter(({ name, user, role, id }) => isFound(find, [name, user, role, id]));
  const known = `${pages.hasNextPage ? 'the newest ' : ''}${counted(tokens.length, 'token')}${me.role === 'admin' ? ' of all people' : ' of yours'}`;
  return (
    <Region title="API tokens" note={find.trim() === '' ? known : `${count(found.length)} of ${known}`} acts={<ActButton compact icon="plus" onClick={() => setOpen('new')}>New token…</ActButton>}>
      {made !== undefined && <MadeToken made={made} onDone={() => setMade(undefined)} />}
      {tokens.length === 0 ? (
        <Empty says="There is no API token." more="The CLI, CI and other programs sign in with one; its owner can end it at any time." />
      ) : found.length === 0 ? (
        <NoMatch says={<>No token’s name, user, role or id has “{find.trim()}” in it.</>} hidden={`${known} hidden.`}><Button data-size="compact" onClick={() => onFind(undefined)}>Show all</Button></NoMatch>
      ) : (
        <TableScroll>
          <table className="table table-stack people-table">
            <thead><tr><th scope="col">Name</th><th scope="col">User</th><th scope="col">Role</th><th scope="col">Id</th><th scope="col">Made</th><th scope="col">Last used</th><th scope="col">Ends</th><th scope="col"><span className="sr-only">Acts</span></th></tr></thead>
            <tbody>{found.map((token) => <TokenRow key={token.id} token={token} onRevoke={() => setOpen(token)} />)}</tbody>
          </table>
        </TableScroll>
      )}
      <More of={pages} />
      {open === 'new' && <NewToken onClose={() => setOpen(undefined)} onMade={setMade} />}
      {open !== undefined && open !== 'new' && <RevokeToken token={open} onClose={() => setOpen(undefined)} />}
    </Region>
  );
}

function TokenRow({ token: { id, name, user, role, createdAt, lastUsedAt, expiresAt }, onRevoke }: { token: ApiToken; onRevoke: () => void }): ReactNode {
  const isOver = useNowAs((nowMs) => expiresAt !== null && Date.parse(expiresAt) <= nowMs);
  return (
    <tr className={isOver ? 'people-over' : undefined}>
      <th scope="row">{name}</th>
      <td data-says="Of">{user}</td>
      <td data-says="Role">{role}</td>
      <td data-says="Id"><Id id={id} /></td>
      <td data-says="Made"><Moment at={createdAt} /></td>
      <td data-says="Last used">{lastUsedAt === null ? <span className="dim">never</span> : <Ago at={lastUsedAt} />}</td>
      <td data-says="Ends">{expiresAt === null ? <span className="dim">when it is revoked</span> : isOver ? <>ended <Ago at={expiresAt} /></> : <Moment at={expiresAt} />}</td>
      <td className="people-acts"><ActButton compact onClick={onRevoke}>Revoke…</ActButton></td>
    </tr>
  );
}

function RevokeToken({ token: { id, name, user, role, lastUsedAt }, onClose }: { token: ApiToken; onClose: () => void }): ReactNode {
  const revoke = useAct('revokeApiToken');
  return (
    <ActDialog title={`Revoke the token ${name}`} sub={<>Of {user}, {role}; id <span className="mono">{id}</span>.</>} act={`Revoke ${name}`} danger asksWhy={false} onClose={onClose} onAct={() => revoke.mutateAsync({ params: { id } })}>
      <ul className="people-effects">
        <li>{lastUsedAt === null ? 'It was never used.' : <>It was last used <Ago at={lastUsedAt} />.</>}</li>
        <li>Whatever program holds it is refused from its next request on. It cannot be brought back.</li>
        <li>Certificates and devices that came about with it stay.</li>
      </ul>
    </ActDialog>
  );
}
