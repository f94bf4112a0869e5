import type { ReactNode } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { BoardDrawing, BoardLegend, Empty, headerPins, Region, TableScroll } from '../../parts/index.ts';
import { duration } from '../../words/index.ts';
import { type LineRow, boardOf, lineUses, nowWords } from './facts.ts';
import type { LivePins } from './use-device.ts';

type Choosing = { readonly chosen: string | undefined; readonly onChoose: (line: string | undefined) => void };
type Props = Choosing & { readonly device: DeviceDetail; readonly rows: readonly LineRow[]; readonly live: LivePins; readonly children?: ReactNode };

/** How fresh the levels are, in words. */
export function liveWords({ online }: Pick<DeviceDetail, 'online'>, { query: { data, error } }: LivePins): string {
  if (!online) return 'not live, the device is offline';
  if (error) return 'not live, levels could not be read';
  return data?.fresh === true ? 'live, 250 ms' : 'waiting for the device';
}

/** The drawn header, and what stands beside or below it. */
export function PinsRegion({ device, rows, live, chosen, onChoose, children }: Props): ReactNode {
  const board = boardOf(device.profile);
  const pins = headerPins({ lines: board?.lines ?? [], uses: lineUses(rows) });
  return (
    <Region title="Pins" note={liveWords(device, live)} acts={<BoardLegend />} className="device-pins">
      {board === undefined && <Empty says="The device has not told its board yet." more="Its agent tells it when it connects." />}
      {board?.chips.length === 0 && <Empty says="This board has no pins that can be used." more="Its agent says why at its start, in its log: board.none." />}
      {board !== undefined && board.chips.length > 0 && <div className="device-board"><BoardDrawing pins={pins} chosen={chosen} onChoose={onChoose} /></div>}
      {children}
    </Region>
  );
}

/** The same facts as the drawing, with who holds each line and what it does when nobody does. */
export function LineTable({ rows, device, chosen, onChoose }: Choosing & { rows: readonly LineRow[]; device: DeviceDetail }): ReactNode {
  if (rows.length === 0) return <Empty says="No line is bound to an app." more="A binding is made per app, on the tab Apps." />;
  return (
    <TableScroll>
      <table className="table device-lines">
        <thead><tr><th>Line</th><th>Label</th><th>Held by</th><th>Now</th><th>Safe state</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.app} ${row.label}`} tabIndex={0} {...(row.name === chosen && { 'data-chosen': true })} onMouseEnter={() => onChoose(row.name)} onMouseLeave={() => onChoose(undefined)} onFocus={() => onChoose(row.name)} onBlur={() => onChoose(undefined)}>
              <td>{row.name}</td>
              <td className="strong">{row.label}</td>
              <td>{row.held === undefined ? <span className="dim">{row.app}, bound only</span> : row.app}</td>
              <td>{nowWords(row)}</td>
              <td><Safe row={row} device={device} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

/** With the time that it took when the guest before this one ended, where the agent measured it. */
function Safe({ row: { safe, app, direction }, device }: { row: LineRow; device: DeviceDetail }): ReactNode {
  if (direction === 'in') return '–';
  const measured = device.reported?.apps[app as keyof typeof device.reported.apps]?.lastEnd?.safeMs;
  return <>{safe ?? <span className="dim">not known</span>}{measured !== undefined && safe !== undefined && <span className="dim">, {duration(measured)}</span>}</>;
}

export function SafeNote(): ReactNode {
  return <p className="small dim">Safe state: what the agent drives on a trap, a stop or an update; the time is from the last end of its app until all its outputs were safe.</p>;
}
