import type { ReactNode } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { Empty, Icon, TableScroll } from '../../parts/index.ts';
import { boardOf, portRows } from './facts.ts';

export function Ports({ device }: { device: DeviceDetail }): ReactNode {
  const rows = portRows(device, boardOf(device.profile));
  if (rows.length === 0) return <Empty says="The board has no serial port." />;
  return (
    <TableScroll>
      <table className="table">
        <thead><tr><th>Port</th><th>Path</th><th>Bound to</th></tr></thead>
        <tbody>
          {rows.map(({ path, name, reserved, app, label }) => (
            <tr key={path}>
              <td className="strong">{name}</td>
              <td className="mono device-path" title={path}><bdi>{path}</bdi></td>
              <td>{reserved !== undefined ? <span className="dim"><Icon name="lock" size={12} /> {reserved}</span> : app === undefined ? <span className="dim">free</span> : <>{app} <span className="dim">{label}</span></>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
