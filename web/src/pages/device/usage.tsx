import type { ReactNode } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { Ago, Empty, Region } from '../../parts/index.ts';
import { bytes, share } from '../../words/index.ts';
import { type Releases, cpuShare } from './facts.ts';

/** What each guest uses: processor since its start, memory of what it may grow to. */
export function UsageRegion({ device, releases }: { device: DeviceDetail; releases: Releases }): ReactNode {
  const apps = Object.entries(device.reported?.apps ?? {}).flatMap(([app, { running }]) => (running ? [{ app, running }] : []));
  return (
    <Region title="Apps" note={device.lastSeenAt !== null && <>as of the last heartbeat, <Ago at={device.lastSeenAt} /></>}>
      {apps.length === 0 ? (
        <Empty says="No app runs." />
      ) : (
        apps.map(({ app, running }) => {
          const usage = Object.entries(device.usage).find(([one]) => one === app)?.[1];
          const cpu = usage && cpuShare({ cpuMs: usage.cpuMs, sinceMs: running.sinceMs, seenAt: device.lastSeenAt });
          const limit = releases.get(app)?.limits.memoryMb;
          return (
            <div key={app} className="device-usage">
              <span className="ellipsis"><b>{app}</b> {running.version}</span>
              {usage === undefined ? <span className="small dim">no use told yet</span> : <Meter part={cpu ?? 0} says={cpu === undefined ? 'cpu –' : `${share(cpu, 1)} of a core`} label={`${app}: processor, on average since its start`} />}
              {usage && <Meter part={limit === undefined ? 0 : usage.memoryBytes / (limit * 1_048_576)} says={limit === undefined ? bytes(usage.memoryBytes) : `${bytes(usage.memoryBytes)} of ${bytes(limit * 1_048_576)}`} label={`${app}: memory, of its limit`} />}
            </div>
          );
        })
      )}
    </Region>
  );
}

function Meter({ part, says, label }: { part: number; says: string; label: string }): ReactNode {
  return (
    <span className="small" title={label}>
      <span className="device-meter" aria-hidden="true"><span style={{ width: `${Math.min(100, part * 100)}%` }} /></span>
      <span className="sr-only">{label}: </span>{says}
    </span>
  );
}
