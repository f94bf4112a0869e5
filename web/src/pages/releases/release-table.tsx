import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Fleet, Release } from '@pier/shared/api';
import { usePolicy } from '../../api/index.ts';
import { Moment, StateMark, TableScroll } from '../../parts/index.ts';
import { bytes, count, counted, releaseWords } from '../../words/index.ts';

export function ReleaseTable({ releases, fleet, caption }: { releases: readonly Release[]; fleet: Fleet | undefined; caption: string }): ReactNode {
  const { policy } = usePolicy();
  const nameOf = new Map((policy.data?.document.keys ?? []).map(({ id, name }) => [id, name]));
  return (
    <>
      <TableScroll>
        <table className="table releases-table">
          <caption className="sr-only">{caption}, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Release</th>
              <th scope="col">State</th>
              <th scope="col">Signed by</th>
              <th scope="col" className="end">Counter</th>
              <th scope="col" className="end">Size</th>
              <th scope="col" className="end">Reported by</th>
              <th scope="col" className="end">Published</th>
            </tr>
          </thead>
          <tbody>{releases.map((one) => <Row key={one.id} release={one} nameOf={nameOf} fleet={fleet} />)}</tbody>
        </table>
      </TableScroll>
      <p className="small dim">“Reported by” counts devices that say they run this version of the app; it goes by the version, not by the digest.</p>
    </>
  );
}

function Row({ release, nameOf, fleet }: { release: Release; nameOf: ReadonlyMap<string, string>; fleet: Fleet | undefined }): ReactNode {
  const { id, app, version, state, reason, signedBy, counter, sizeBytes, createdAt } = release;
  return (
    <tr className="goes">
      <th scope="row"><Link href={`/releases/${id}`} className="name" data-row><span className="releases-app">{app}</span> {version}</Link></th>
      <td><StateMark state={releaseWords[state]} /></td>
      <td className="releases-signers">
        {signedBy.length === 0 ? 'no key of the policy' : <>{counted(signedBy.length, 'key')}: {signedBy.map((key) => nameOf.get(key) ?? key.slice(0, 8)).join(', ')}</>}
        {reason && <span className="small dim releases-reason" title={reason.reason}>{reason.reason}</span>}
      </td>
      <td className="end">{count(counter)}</td>
      <td className="end">{bytes(sizeBytes)}</td>
      <td className="end">{fleet === undefined ? <span className="dim">–</span> : <Reported n={reportedOf(fleet, release)} app={app} />}</td>
      <td className="end"><Moment at={createdAt} /></td>
    </tr>
  );
}

function Reported({ n, app }: { n: number; app: string }): ReactNode {
  return n === 0 ? <span className="dim">0</span> : <Link href={`/devices?app=${encodeURIComponent(app)}`} aria-label={`${counted(n, 'device')}; show the devices with ${app}`}>{count(n)}</Link>;
}

function reportedOf({ apps }: Fleet, { app, version }: Release): number {
  return apps.find((one) => one.app === app)?.versions.find((one) => one.version === version)?.devices ?? 0;
}
