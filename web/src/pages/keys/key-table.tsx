import type { ReactNode } from 'react';
import type { PolicyDocument } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Id, Region, TableScroll } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';

const roles = ['release', 'operator', 'scheduler'] as const;
const may: Readonly<Record<string, string>> = {
  release: 'sign artifacts of the repositories below',
  operator: 'sign commands to devices',
  scheduler: 'choose what runs when, of what is signed',
};
const kept: Readonly<Record<string, string>> = { release: 'developer or CI', operator: 'each person', scheduler: 'the manager' };

/** Every key that the policy names, by role. The keys themselves stand in the signed document. */
export function KeyTable({ root, keys }: { root: string; keys: PolicyDocument['keys'] }): ReactNode {
  const scheduler = useAnswer('getScheduler', {});
  const own = scheduler.data?.id;
  const sorted = keys.toSorted((a, b) => rank(a.role) - rank(b.role) || a.name.localeCompare(b.name));
  return (
    <Region title="Keys" note={`root and ${counted(keys.length, 'key')}`}>
      <TableScroll>
        <table className="table table-stack keys-table">
          <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">May</th><th scope="col">Kept by</th><th scope="col" className="end">Id</th></tr></thead>
          <tbody>
            <tr><th scope="row">root</th><td data-says="Role">root</td><td className="soft" data-says="May">sign this policy and its successor</td><td className="soft" data-says="Kept by">its owner, offline</td><td className="end"><Id id={root} /></td></tr>
            {sorted.map(({ id, name, role }) => (
              <tr key={id}>
                <th scope="row">{name}{id === own && <span className="chip keys-own">this manager’s</span>}</th>
                <td data-says="Role">{role}</td>
                <td className="soft" data-says="May">{may[role] ?? 'a role that this page does not know'}</td>
                <td className="soft" data-says="Kept by">{kept[role] ?? ''}</td>
                <td className="end"><Id id={id} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {own !== undefined && !keys.some(({ id }) => id === own) && <p className="note f-failed" role="alert"><span className="strong">This manager’s scheduler key is not among them.</span> Devices refuse what it signs, so nothing new can be rolled out. Its id is <Id id={own} />; sign a policy that names it.</p>}
    </Region>
  );
}

function rank(role: string): number {
  const at = roles.findIndex((one) => one === role);
  return at === -1 ? roles.length : at;
}
