import { TextInput } from '@mantine/core';
import { type ReactNode, useMemo, useRef } from 'react';
import { useMe, usePages, useViewPart, useWhyNot } from '../../api/index.ts';
import { Answered, PageHead, Region } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { MqttAccess } from './mqtt-access.tsx';
import { Roles } from './roles.tsx';
import { Tokens } from './tokens.tsx';
import { Users } from './users.tsx';
import './people.css';

/** Who may use this manager, as what, and with which tokens their programs do. */
export default function PeoplePage(): ReactNode {
  const me = useMe();
  const notAdmin = useWhyNot('admin');
  const [find = '', setFind] = useViewPart('find');
  const users = usePages('listUsers', { query: { limit: 100 } }, { enabled: notAdmin === undefined });
  const tokens = usePages('listApiTokens', { query: { limit: 100 } });
  const field = useRef<HTMLInputElement>(null);
  useShortcuts(useMemo(() => [{ keys: '/', does: 'Find a person or a token', act: () => field.current?.focus() }], []));
  return (
    <>
      <PageHead title="People" facts={<span>Signed in as {me.user}; role {me.role}.</span>} acts={<TextInput ref={field} className="people-find" aria-label="Find by name, role or id" placeholder="Find by name, role or id" value={find} onChange={({ currentTarget }) => setFind(currentTarget.value)} />} />
      <div className="columns">
        <div className="columns-main">
          {notAdmin === undefined ? (
            <Answered of={users} what="the list of people" framed>{({ items }) => <Users users={items} tokens={tokens.data?.items} allTokens={tokens.data !== undefined && !tokens.hasNextPage} find={find} pages={users} onFind={setFind} />}</Answered>
          ) : (
            <Region title="People" note={`You: ${me.user}, ${me.role}`}>
              <p>Who else has an account is shown to administrators. <span className="why-off">{notAdmin}</span></p>
            </Region>
          )}
          <Answered of={tokens} what="the list of API tokens" framed>{({ items }) => <Tokens tokens={items} find={find} pages={tokens} onFind={setFind} />}</Answered>
        </div>
        <div className="columns-side people-side">
          <Roles />
          <MqttAccess />
        </div>
      </div>
    </>
  );
}
