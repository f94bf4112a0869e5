import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Release } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, Moment, More, Region, StateMark } from '../../parts/index.ts';
import { count, releaseWords } from '../../words/index.ts';
import type { ComparedWith } from './use-compared.ts';

export function Siblings({ release, siblings }: { release: Release; siblings: ComparedWith['siblings'] }): ReactNode {
  const fleet = useAnswer('getFleet', {});
  const reported = new Map((fleet.data?.apps.find(({ app }) => app === release.app)?.versions ?? []).map(({ version, devices }) => [version, devices]));
  return (
    <Region title={`Releases of ${release.app}`} acts={<Link href={`/releases?app=${encodeURIComponent(release.app)}`}>All</Link>}>
      <Answered of={siblings} what={`the releases of ${release.app}`} rows={4}>
        {({ items }) => (
          <table className="table release-siblings">
            <thead><tr><th scope="col">Version</th><th scope="col">State</th><th scope="col" className="end">Reported by</th><th scope="col" className="end">Published</th></tr></thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.id}>
                  <th scope="row">{one.id === release.id ? <span aria-current="page">{one.version} <span className="dim">this one</span></span> : <Link href={`/releases/${one.id}`} className="name">{one.version}</Link>}</th>
                  <td><StateMark state={releaseWords[one.state]} /></td>
                  <td className="end">{fleet.data === undefined ? '–' : count(reported.get(one.version) ?? 0)}</td>
                  <td className="end"><Moment at={one.createdAt} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Answered>
      <More of={siblings} />
    </Region>
  );
}
