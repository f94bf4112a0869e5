import type { ReactNode } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { useAnswer, useWhyNot } from '../../api/index.ts';
import { ActButton, Id, Moment, Region } from '../../parts/index.ts';
import { count, modelWords, shortId } from '../../words/index.ts';
import type { Open } from './dialogs.tsx';
import { boardOf } from './facts.ts';

export function Identity({ device, onOpen }: { device: DeviceDetail; onOpen: Open }): ReactNode {
  const off = useWhyNot('operator');
  const pending = useAnswer('listPending', { query: { limit: 500 } }, { enabled: device.state === 'pending' });
  const asked = pending.data?.items.find((one) => one.device === device.id);
  const board = boardOf(device.profile);
  const { reported } = device;
  const reserved = board?.lines.filter((line) => line.reserved !== undefined).length ?? 0;
  return (
    <div className="device-identity">
      <Region title="Identity">
        <dl className="device-facts">
          <dt>Id</dt><dd><Id id={device.id} /></dd>
          <dt>Name</dt><dd>{device.name}</dd>
          <dt>Asked to join</dt><dd><Moment at={device.createdAt} /></dd>
          <dt>Trust</dt><dd>{{ pending: 'waits for a person to let it in', active: 'let in', revoked: 'ended' }[device.state]}</dd>
          {asked && <><dt>Fingerprint of its key</dt><dd className="mono">{asked.fingerprint}</dd><dt>Came with</dt><dd>claim token <code>{asked.token}</code></dd></>}
          <dt>Agent</dt><dd>{device.agent ?? 'not heard yet'}</dd>
          <dt>Trust policy it has</dt><dd>{reported === null ? 'not told yet' : `number ${reported.policy}`}</dd>
          <dt>Document it has taken up</dt><dd>{reported === null || reported.desired === null ? 'none' : <><Id id={reported.desired} /> rev {reported.rev}{reported.rev >= device.rev ? '' : `, the newest is ${device.rev}`}</>}</dd>
          <dt>Tags</dt><dd>{Object.entries(device.tags).map(([key, value]) => <span key={key} className="chip">{key}={value}</span>)}{Object.keys(device.tags).length === 0 && 'none'}</dd>
        </dl>
        {device.state !== 'revoked' && (
          <p className="device-revoke"><ActButton variant="warn" icon="lock" off={off} onClick={() => onOpen({ kind: 'revoke' })}>{device.state === 'pending' ? 'Deny…' : 'Revoke…'}</ActButton></p>
        )}
      </Region>
      <Region title="Board">
        <dl className="device-facts">
          <dt>Model</dt><dd>{modelWords(device.model)} <code>{device.model}</code></dd>
          {board ? (
            <>
              <dt>Chips</dt><dd>{board.chips.length === 0 ? 'none that can be used' : board.chips.map((chip) => <code key={chip} title={chip}>{shortId(chip)} </code>)}</dd>
              <dt>Lines</dt><dd>{count(board.lines.length)}, of which {count(board.lines.filter((line) => line.headerPin !== undefined).length)} at the header and {count(reserved)} kept by the system</dd>
              <dt>Serial ports</dt><dd>{board.ports.length === 0 ? 'none' : board.ports.map(({ name }) => name).join(', ')}</dd>
              {board.onRelease !== undefined && <><dt>When its agent dies</dt><dd>{board.onRelease === 'input' ? 'lines turn into inputs' : 'lines keep their level'}</dd></>}
            </>
          ) : (
            <><dt>Profile</dt><dd>not told yet</dd></>
          )}
        </dl>
      </Region>
    </div>
  );
}
