import type { ReactNode } from 'react';
import type { PolicyDocument } from '@pier/shared/api';
import { Region, TableScroll } from '../../parts/index.ts';

const kinds = ['gpio', 'serial', 'storage', 'telemetry'];

/** Which keys count for which repositories, how many of them are needed, and what apps from there may have at most. */
export function ScopeTable({ document: { scopes, keys } }: { document: PolicyDocument }): ReactNode {
  const nameOf = new Map(keys.map(({ id, name }) => [id, name]));
  return (
    <Region title="Who may sign for which repositories">
      {scopes.length === 0
        ? <p>No scope: no release can be accepted.</p>
        : (
          <TableScroll>
            <table className="table table-stack keys-table keys-scopes">
              <thead><tr><th scope="col">Repositories below</th><th scope="col">Needs</th><th scope="col">Of these keys</th><th scope="col">Its apps may use</th></tr></thead>
              <tbody>
                {scopes.toSorted((a, b) => a.prefix.localeCompare(b.prefix)).map(({ prefix, keys: ids, threshold, capabilities }) => (
                  <tr key={prefix}>
                    <th scope="row"><code>{prefix}</code></th>
                    <td data-says="Needs">{threshold} of {ids.length}</td>
                    <td data-says="Of these keys">{ids.map((id) => nameOf.get(id) ?? id.slice(0, 8)).join(', ')}</td>
                    <td data-says="Its apps may use">{capabilities.length === 0 ? 'nothing of a board' : capabilities.join(', ')}{kinds.some((kind) => !capabilities.includes(kind)) && <span className="dim">; not {kinds.filter((kind) => !capabilities.includes(kind)).join(', ')}</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      <p className="small dim keys-after">The longest prefix that covers a repository counts, and it alone. <code>manager</code> is the registry of this manager.</p>
    </Region>
  );
}
