import { type ReactNode, useState } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { Region, TableScroll } from '../../parts/index.ts';
import { count } from '../../words/index.ts';
import { EdgesRegion } from './edges-region.tsx';
import { boardOf, lineRows } from './facts.ts';
import { LineTable, PinsRegion, SafeNote } from './pin-region.tsx';
import { Ports } from './ports.tsx';
import { usePins, useReleases } from './use-device.ts';

export function Pins({ device }: { device: DeviceDetail }): ReactNode {
  const [chosen, choose] = useState<string>();
  const releases = useReleases(device);
  const live = usePins(device);
  const board = boardOf(device.profile);
  const rows = lineRows(device, board, { pins: live.query.data?.pins ?? [], releases });
  const reserved = (board?.lines ?? []).filter((line) => line.reserved !== undefined);
  return (
    <div className="device-pins-page">
      <PinsRegion device={device} rows={rows} live={live} chosen={chosen} onChoose={choose} />
      <div className="device-column">
        <Region title="Lines in use"><LineTable rows={rows} device={device} chosen={chosen} onChoose={choose} /><SafeNote /></Region>
        <EdgesRegion device={device} live={live} chosen={chosen} onChoose={choose} />
        <Region title="Serial ports"><Ports device={device} /></Region>
        <Region title="Kept by the system" note={board && board.chips.length > 0 ? `${count(reserved.length)} of ${count(board.lines.length)} lines, on ${board.chips.join(' and ')}` : undefined}>
          <TableScroll>
            <table className="table table-stack device-reserved">
              <thead><tr><th>Line</th><th>Chip</th><th className="end">Offset</th><th className="end">Pin</th><th>What for</th></tr></thead>
              <tbody>{reserved.map(({ name, chip, line, headerPin, reserved: why }) => <tr key={`${chip} ${line}`}><td className="strong">{name}</td><td className="mono">{chip}</td><td className="end" data-says="Offset">{line}</td><td className="end" data-says="Pin">{headerPin ?? '–'}</td><td>{why}</td></tr>)}</tbody>
            </table>
          </TableScroll>
        </Region>
      </div>
    </div>
  );
}
