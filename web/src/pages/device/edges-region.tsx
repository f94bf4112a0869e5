import type { ReactNode } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { Edges, Empty, Region, lanesOf } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { type LivePins, edgesSpanMs, pinsEveryMs } from './use-device.ts';

type Props = { readonly device: DeviceDetail; readonly live: LivePins; readonly chosen: string | undefined; readonly onChoose: (line: string | undefined) => void };

/** What was seen of the lines in the last seconds, and what the device counted meanwhile. */
export function EdgesRegion({ device, live: { query }, chosen, onChoose }: Props): ReactNode {
  const looks = query.data?.looks ?? [];
  const lanes = lanesOf(looks);
  const nowMs = looks.at(-1)?.atMs ?? 0;
  const edges = lanes.reduce((sum, lane) => sum + lane.edges, 0);
  return (
    <Region title={`Edges, last ${edgesSpanMs / 1_000} s`}>
      {lanes.length === 0 ? (
        <Empty says={device.online ? 'No line is held by an app.' : 'No edges: the device is offline.'} {...(device.online && { more: 'Levels show here once an app has opened a line.' })} />
      ) : (
        <>
          <Edges lanes={lanes} nowMs={nowMs} spanMs={edgesSpanMs} chosen={chosen} onChoose={onChoose} />
          <p className="small dim">Sampled each {pinsEveryMs} ms; {counted(edges, 'edge')} counted by the device. Hatched: toggles faster than sampled. Of an output the device counts what it sees itself, ten times a second.</p>
        </>
      )}
    </Region>
  );
}
