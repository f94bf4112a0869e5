import { NativeSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Release, ReleaseDifference } from '@pier/shared/api';
import { usePolicy } from '../../api/index.ts';
import { Answered, Icon, Region, TableScroll } from '../../parts/index.ts';
import { bytes, count, type IconName, releaseWords } from '../../words/index.ts';
import type { ComparedWith } from './use-compared.ts';

export function Compared({ release, compared }: { release: Release; compared: ComparedWith }): ReactNode {
  const { siblings, others, from, choose, difference } = compared;
  const pick = from !== undefined && <NativeSelect className="release-pick" aria-label="Compared with" value={from.id} onChange={({ currentTarget }) => choose(currentTarget.value)} data={others.map((one) => ({ value: one.id, label: `${one.version}, counter ${count(one.counter)}${one.state === 'verified' ? '' : `, ${releaseWords[one.state].word.toLowerCase()}`}` }))} />;
  return (
    <Region title="Compared with" note={pick}>
      <Answered of={siblings} what={`the releases of ${release.app}`} rows={3}>
        {() => from === undefined
          ? <p className="dim">{others.length === 0 ? `It is the only release of ${release.app}.` : `There is no release of ${release.app} below its counter; ${count(others.length)} stand above.`}</p>
          : <Answered of={difference} what="the difference" rows={4}>{(one) => <Table release={release} from={from} difference={one} />}</Answered>}
      </Answered>
    </Region>
  );
}

type Line = { readonly key: string; readonly icon?: IconName; readonly sign: string; readonly was: ReactNode; readonly is: ReactNode; readonly fresh?: boolean };

function Table({ release, from, difference }: { release: Release; from: Release; difference: ReleaseDifference }): ReactNode {
  const { policy } = usePolicy();
  const nameOf = (key: string): string => policy.data?.document.keys.find(({ id }) => id === key)?.name ?? key.slice(0, 8);
  const signers = (one: Release): string => (one.signedBy.length === 0 ? 'no key of the policy' : one.signedBy.map(nameOf).toSorted().join(', '));
  const grown = release.sizeBytes - from.sizeBytes;
  const lines: readonly Line[] = [
    ...difference.added.map((sentence): Line => ({ key: `+${sentence}`, icon: 'plus', sign: 'New', was: <span className="dim">no</span>, is: sentence, fresh: true })),
    ...difference.changed.map(({ before, after }): Line => ({ key: `~${before}`, icon: 'right', sign: 'Changed', was: before, is: after, fresh: true })),
    ...difference.removed.map((sentence): Line => ({ key: `-${sentence}`, icon: 'minus', sign: 'Gone', was: sentence, is: 'asks for it no more' })),
    { key: 'size', sign: 'Size', was: bytes(from.sizeBytes), is: `${bytes(release.sizeBytes)}${grown === 0 ? ', the same' : `, ${grown > 0 ? '+' : '−'}${bytes(Math.abs(grown))}`}` },
    { key: 'signers', sign: 'Signers', was: signers(from), is: signers(from) === signers(release) ? `the same: ${signers(release)}` : signers(release), fresh: signers(from) !== signers(release) },
  ];
  const asks = difference.added.length + difference.changed.length + difference.removed.length;
  return (
    <>
      {asks === 0 && <p className="release-lead">Both ask for the same, under the same limits.</p>}
      <TableScroll>
        <table className="table release-difference">
          <thead><tr><th scope="col">What</th><th scope="col">{from.version}</th><th scope="col">{release.version}</th></tr></thead>
          <tbody>
            {lines.map(({ key, icon, sign, was, is, fresh = false }) => (
              <tr key={key}>
                <th scope="row" className={fresh ? 'release-new' : undefined}>{icon && <Icon name={icon} size={12} />} {sign}</th>
                <td className="soft">{was}</td>
                <td className={fresh ? 'strong' : undefined}>{is}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </>
  );
}
