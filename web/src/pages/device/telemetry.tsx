import { NativeSelect, SegmentedControl } from '@mantine/core';
import { type ReactNode, useMemo } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail } from '@pier/shared/api';
import { useViewPart } from '../../api/index.ts';
import { Answered, Empty, Moment, Plot, Region } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import type { Releases } from './facts.ts';
import { type Series, type Stretch, declaredSeries, liveliest, samplesOf, seriesKey, useSamples } from './samples.ts';
import { useReleases } from './use-device.ts';

const ranges = { '15m': { word: '15 min', sinceS: 900, everyMs: 5_000 }, '1h': { word: '1 h', sinceS: 3_600, everyMs: 15_000 }, '6h': { word: '6 h', sinceS: 21_600, everyMs: 60_000 }, '24h': { word: '24 h', sinceS: 86_400, everyMs: 60_000 } } as const;
const isRange = (word: string | undefined): word is keyof typeof ranges => word !== undefined && Object.hasOwn(ranges, word);
const nowPlots = 2;

/** One or two plots of the last quarter of an hour: the series that move most. */
export function NowPlots({ device, releases }: { device: DeviceDetail; releases: Releases }): ReactNode {
  const { sinceS, everyMs } = ranges['15m'];
  const declared = declaredSeries(releases);
  const asked = useSamples({ id: device.id, sinceS, everyMs, enabled: declared.length > 0 });
  const { data, dataUpdatedAt } = asked;
  const shown = useMemo(() => liveliest(data?.items ?? [], declaredSeries(releases)).slice(0, nowPlots), [data, releases]);
  return (
    <Region title="Telemetry" note="15 min" acts={<Link href={`/devices/${device.id}/telemetry`}>All series</Link>}>
      {declared.length === 0 ? (
        <Empty says="No app here declares a series." />
      ) : (
        <Answered of={asked} what="telemetry" rows={4}>
          {({ items }) => (shown.length === 0 ? <Empty says="No sample in 15 min." more={device.online ? 'They come while somebody looks.' : 'The device is offline.'} /> : <div className="device-plots">{shown.map((one) => <SeriesPlot key={seriesKey(one)} series={one} items={items} toMs={dataUpdatedAt} sinceS={sinceS} height={84} />)}</div>)}
        </Answered>
      )}
    </Region>
  );
}

/** One series, or all of them, over a stretch of time. */
export function Telemetry({ device }: { device: DeviceDetail }): ReactNode {
  const releases = useReleases(device);
  const declared = useMemo(() => declaredSeries(releases), [releases]);
  const [picked, pick] = useViewPart('series');
  const [word, setWord] = useViewPart('range');
  const range = ranges[isRange(word) ? word : '15m'];
  const one = declared.find((series) => seriesKey(series) === picked);
  const asked = useSamples({ id: device.id, app: one?.app, series: one?.name, sinceS: range.sinceS, everyMs: range.everyMs, enabled: declared.length > 0 });
  const { dataUpdatedAt } = asked;
  const silent = device.assignments.filter(({ app }) => !declared.some((series) => series.app === app)).map(({ app }) => app);
  if (declared.length === 0) return <div className="region"><Empty says={silent.length === 0 ? 'No app is assigned to this device.' : `${silent.join(' and ')} ${silent.length === 1 ? 'declares' : 'declare'} no series.`} more="An app says in its pier.json which series it reports." /></div>;
  return (
    <>
      <div className="device-bar">
        <NativeSelect label="Series" data={[{ value: '', label: `All ${declared.length}` }, ...declared.map((series) => ({ value: seriesKey(series), label: `${series.app} ${series.name}${series.unit === '' ? '' : `, ${series.unit}`}` }))]} value={one ? seriesKey(one) : ''} onChange={({ currentTarget }) => pick(currentTarget.value)} />
        <SegmentedControl aria-label="Range" data={Object.entries(ranges).map(([value, { word: label }]) => ({ value, label }))} value={isRange(word) ? word : '15m'} onChange={setWord} />
        {asked.data && <span className="small soft" role="status"><StretchWords stretch={asked.data} /></span>}
      </div>
      <div className="region">
        <Answered of={asked} what="telemetry" rows={8}>
          {({ items }) => {
            const shown = (one ? [one] : declared).filter((series) => items.some((item) => item.app === series.app && item.series === series.name));
            if (shown.length === 0) return <Empty says={`No sample in ${range.word}.`} more={device.online ? 'Samples come while somebody looks; the first after a few seconds.' : 'The device is offline.'} />;
            return <div className="device-plots">{shown.map((series) => <SeriesPlot key={seriesKey(series)} series={series} items={items} toMs={dataUpdatedAt} sinceS={range.sinceS} height={one ? 320 : 130} />)}</div>;
          }}
        </Answered>
        <p className="small dim">A device sends samples while somebody looks; a grey stretch may mean no more than that nobody did.</p>
        {silent.length > 0 && <p className="small dim">{silent.join(' and ')} {silent.length === 1 ? 'declares' : 'declare'} no series.</p>}
      </div>
    </>
  );
}

function StretchWords({ stretch: { items, dropped, cut } }: { stretch: Stretch }): ReactNode {
  const oldest = items.at(-1);
  return (
    <>
      {counted(items.length, 'sample')}{cut && oldest && <>, back to <Moment at={oldest.at} />; older ones of this range are not shown</>}. {dropped === 0 ? 'None dropped.' : `${count(dropped)} dropped: more came than is kept.`}
    </>
  );
}

function SeriesPlot({ series, items, toMs, sinceS, height }: { series: Series; items: Stretch['items']; toMs: number; sinceS: number; height: number }): ReactNode {
  const samples = useMemo(() => samplesOf(items, series), [items, series]);
  return <Plot label={`${series.app} ${series.name}`} unit={series.unit} samples={samples} fromMs={toMs - sinceS * 1_000} toMs={toMs} height={height} />;
}
