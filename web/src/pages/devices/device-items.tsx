import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Ago, StateMark } from '../../parts/index.ts';
import { sentence, standingWords } from '../../words/index.ts';
import type { ShownRows } from './device-list.tsx';

/** On a phone: who and how it stands, then why; a tap opens the device. */
export function DeviceItems({ shown, beforePx, afterPx, waiting }: ShownRows): ReactNode {
  return (
    <>
      <div style={{ height: beforePx }} />
      <ul className="devices-items" aria-label="Devices">
        {shown.map(({ index, device: { id, name, standing, why, tags, lastSeenAt } }) => (
          <li key={id} data-row={index}>
            <Link href={`/devices/${id}`}>
              <span className="devices-line"><span className="strong ellipsis">{name}</span><StateMark state={standingWords[standing]} /></span>
              <span className="devices-line small dim"><span className="ellipsis">{why ? sentence(why.reason) : (tags['site'] ?? id)}</span>{lastSeenAt !== null && <Ago at={lastSeenAt} />}</span>
            </Link>
          </li>
        ))}
      </ul>
      {Array.from({ length: waiting }, (_, n) => <div key={n} className="shape" aria-hidden="true" />)}
      <div style={{ height: afterPx }} />
    </>
  );
}
