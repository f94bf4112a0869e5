import { NativeSelect, TextInput } from '@mantine/core';
import { type ReactNode, useMemo, useState } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { useViewPart } from '../../api/index.ts';
import { ActButton, Empty, Loading, Log, NoMatch, hitsIn, saveFile } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { appsOf } from './app-command.tsx';
import { type LogAsked, linesWords, logText, useLog } from './log-tail.ts';

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
  const apps = useMemo(() => (picked !== undefined && all.includes(picked) ? [picked] : all), [all, picked]);
  const log = useLog(device, apps);
  const hits = useMemo(() => log.rows.reduce((sum, row) => sum + (row.kind === 'line' ? hitsIn(row.text, search ?? '').length : 0), 0), [log.rows, search]);
  if (all.length === 0) return <div className="region"><Empty says="No app is on this device, so nothing is written." /></div>;
  return (
    <>
      <div className="device-bar" role="search">
        <NativeSelect label="App" data={[{ value: '', label: `All ${all.length}` }, ...all]} value={picked ?? ''} onChange={({ currentTarget }) => pick(currentTarget.value)} />
        <TextInput label="Find" value={search ?? ''} spellCheck={false} autoComplete="off" onChange={({ currentTarget }) => setSearch(currentTarget.value)} />
        <span className="small soft" role="status">{search === undefined ? linesWords(log.rows, log.left) : hits === 0 ? `Nothing in ${linesWords(log.rows, log.left)} reads so` : `${counted(hits, 'hit')} in ${linesWords(log.rows, log.left)}`}</span>
        <span className="push act">
          <span className="small soft">{device.online ? (following ? 'Following' : 'Standing still') : 'Offline: nothing new comes'}</span>
          <ActButton icon={following ? 'pause' : 'play'} onClick={() => follow(!following)}>{following ? 'Stand still' : 'Follow'}</ActButton>
          <ActButton icon="download" off={log.rows.length === 0 ? 'Nothing to keep.' : undefined} offQuiet onClick={() => saveFile(`${device.id}.log`, logText(log.rows), 'text/plain')}>Download</ActButton>
        </span>
      </div>
      {log.failed.length > 0 && <div className="region"><Unread log={log} /></div>}
      <div className="device-log">
        {log.rows.length > 0 ? (
          <Log label={`Lines of ${apps.join(', ')}`} rows={log.rows} search={search ?? ''} following={following} onFollow={follow} />
        ) : log.asked ? (
          search === undefined ? <Empty says="Nothing was written since somebody looks." more={`The manager keeps the last lines only; ${device.online ? 'new ones come while this page is open' : 'the device is offline'}.`} /> : <NoMatch says="There is no line to search." />
        ) : (
          <Loading what="the lines" rows={10} />
        )}
      </div>
    </>
  );
}

function Unread({ log }: { log: LogAsked }): ReactNode {
  return (
    <div className="condition condition-error" role="alert" data-condition="error">
      <p><span className="strong">Some lines could not be read.</span> {log.failed.join(' ')} Nothing is lost: they are asked for again from where they ended.</p>
      <div className="condition-acts"><ActButton compact onClick={log.again}>Try now</ActButton></div>
    </div>
  );
}
