import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail } from '@pier/shared/api';
import { Region } from '../../parts/index.ts';
import { Desired } from './desired.tsx';
import type { Open } from './dialogs.tsx';
import { EdgesRegion } from './edges-region.tsx';
import { boardOf, lineRows } from './facts.ts';
import { LastLines } from './logs.tsx';
import { LineTable, PinsRegion, SafeNote } from './pin-region.tsx';
import { Ports } from './ports.tsx';
import { NowPlots } from './telemetry.tsx';
import { UsageRegion } from './usage.tsx';
import { usePins, useReleases } from './use-device.ts';
import { WhyRegion } from './why.tsx';

/** Alive, as it should be, which check says no, who holds which pin: all on one page. */
export function Now({ device, onOpen }: { device: DeviceDetail; onOpen: Open }): ReactNode {
  const [chosen, choose] = useState<string>();
  const releases = useReleases(device);
  const live = usePins(device);
  const rows = lineRows(device, boardOf(device.profile), { pins: live.query.data?.pins ?? [], releases });
  return (
    <div className="device-now">
      <div className="device-column">
        <WhyRegion device={device} onOpen={onOpen} />
        <Region title="Desired and reported"><Desired device={device} /></Region>
        <Region title="Serial ports"><Ports device={device} /></Region>
      </div>
      <div className="device-column">
        <PinsRegion device={device} rows={rows} live={live} chosen={chosen} onChoose={choose}>
          <LineTable rows={rows} device={device} chosen={chosen} onChoose={choose} />
          <SafeNote />
        </PinsRegion>
      </div>
      <div className="device-column">
        <UsageRegion device={device} releases={releases} />
        <EdgesRegion device={device} live={live} chosen={chosen} onChoose={choose} />
        <NowPlots device={device} releases={releases} />
        <Region title="Logs" acts={<Link href={`/devices/${device.id}/logs`}>Search, download</Link>}><LastLines device={device} /></Region>
      </div>
    </div>
  );
}
