import { NativeSelect, TextInput } from '@mantine/core';
import { type ReactNode, useMemo, useState } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { useViewPart } from '../../api/index.ts';
import { ActButton, Empty, Loading, Log, type LogRow, NoMatch, hitsIn, saveFile } from '../../parts/index.ts';
import { appsOf } from './app-command.tsx';
import { type LogAsked, appsShown, followWords, foundWords, logText, useLog } from './log-tail.ts';

type Props = { readonly device: DeviceDetail };
const lastShown = 9;

/** The newest lines of all apps, newest first. */
export function LastLines({ device }: Props): ReactNode {
  const apps = useMemo(() => appsOf(device), [device]);
  const log = useLog(device, apps);
  const rows = useMemo(() => log.rows.slice(-lastShown).toReversed(), [log.rows]);
  if (log.failed.length > 0 && rows.length === 0) return <Unread log={log} />;
  if (!log.asked) return <Loading what="the last lines" rows={4} />;
  if (rows.length === 0) return <Empty says="Nothing was written since somebody looks." more={device.online ? 'Lines come while this page is open.' : 'The device is offline.'} />;
  return <div className="device-log-now"><Log label="Last lines, newest first" rows={rows} /></div>;
}

/** Lines as they come: searched, followed, kept in a file. What is missing stands where it is missing. */
export function Logs({ device }: Props): ReactNode {
  const all = useMemo(() => appsOf(device), [device]);
  const [picked, pick] = useViewPart('app');
  const [search, setSearch] = useViewPart('find');
  const [following, follow] = useState(true);
  const apps = useMemo(() => appsShown(all, picked), [all, picked]);
  const log = useLog(device, apps);
  const hits = useMemo(() => (search === undefined ? undefined : hitsOf(log.rows, search)), [log.rows, search]);
  if (all.length === 0) return <div className="region"><Empty says="No app is on this device, so nothing is written." /></div>;
  return (
    <>
      <div className="device-bar" role="search">
        <NativeSelect label="App" data={[{ value: '', label: `All ${all.length}` }, ...all]} value={picked ?? ''} onChange={({ currentTarget }) => pick(currentTarget.value)} />
        <TextInput label="Find" value={search ?? ''} spellCheck={false} autoComplete="off" onChange={({ currentTarget }) => setSearch(currentTarget.value)} />
        <span className="small soft" role="status">{foundWords(log, hits)}</span>
        <span className="push act">
          <span className="small soft">{followWords({ online: device.online, following })}</span>
          <ActButton icon={following ? 'pause' : 'play'} onClick={() => follow(!following)}>{following ? 'Stand still' : 'Follow'}</ActButton>
          <ActButton icon="download" off={log.rows.length === 0 ? 'Nothing to keep.' : undefined} offQuiet onClick={() => saveFile(`${device.id}.log`, logText(log.rows), 'text/plain')}>Download</ActButton>
        </span>
      </div>
      {log.failed.length > 0 && <div className="region"><Unread log={log} /></div>}
      <div className="device-log">
        {log.rows.length > 0
          ? <Log label={`Lines of ${apps.join(', ')}`} rows={log.rows} search={search ?? ''} following={following} onFollow={follow} />
          : <NoLines asked={log.asked} searched={search !== undefined} online={device.online} />}
      </div>
    </>
  );
}

function hitsOf(rows: readonly LogRow[], search: string): number {
  return rows.reduce((sum, row) => sum + (row.kind === 'line' ? hitsIn(row.text, search).length : 0), 0);
}

function NoLines({ asked, searched, online }: { asked: boolean; searched: boolean; online: boolean }): ReactNode {
  if (!asked) return <Loading what="the lines" rows={10} />;
  if (searched) return <NoMatch says="There is no line to search." />;
  return <Empty says="Nothing was written since somebody looks." more={`The manager keeps the last lines only; ${online ? 'new ones come while this page is open' : 'the device is offline'}.`} />;
}

function Unread({ log }: { log: LogAsked }): ReactNode {
  return (
    <div className="condition condition-error" role="alert" data-condition="error">
      <p><span className="strong">Some lines could not be read.</span> {log.failed.join(' ')} Nothing is lost: they are asked for again from where they ended.</p>
      <div className="condition-acts"><ActButton compact onClick={log.again}>Try now</ActButton></div>
    </div>
  );
}
