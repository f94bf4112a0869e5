/** One device: is it alive, does it run what it should, which check said no, who holds which pin? Each tab has its own address. */
import { type ReactNode, useMemo, useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import type { DeviceDetail } from '@pier/shared/api';
import { useAnswer } from '../../api/index.ts';
import { Answered, NoMatch, PageHead } from '../../parts/index.ts';
import { useShortcuts } from '../../shell/index.ts';
import { Apps } from './apps.tsx';
import { type Dialog, Dialogs, type Open } from './dialogs.tsx';
import { Foot, Head, LastCommand } from './head.tsx';
import { History } from './history.tsx';
import { Identity } from './identity.tsx';
import { Logs } from './logs.tsx';
import { Now } from './now.tsx';
import { Pins } from './pins.tsx';
import { Telemetry } from './telemetry.tsx';
import './device.css';

type TabProps = { readonly device: DeviceDetail; readonly onOpen: Open };
type Tab = { readonly key: string; readonly word: string; readonly shows: (props: TabProps) => ReactNode };

const tabs: readonly [Tab, ...Tab[]] = [
  { key: '', word: 'Now', shows: Now },
  { key: 'apps', word: 'Apps', shows: Apps },
  { key: 'pins', word: 'Pins and ports', shows: Pins },
  { key: 'logs', word: 'Logs', shows: Logs },
  { key: 'telemetry', word: 'Telemetry', shows: Telemetry },
  { key: 'history', word: 'History', shows: History },
  { key: 'identity', word: 'Identity', shows: Identity },
];

export default function DevicePage(): ReactNode {
  const { id = '', tab = '' } = useParams();
  const device = useAnswer('getDevice', { params: { device: id } });
  if (device.data !== undefined) return <Shown key={id} device={device.data} asked={device} tab={tab} />;
  const unknown = device.error?.code === 'not-found' || device.error?.code === 'input-invalid';
  return (
    <>
      <PageHead title={id} />
      <div className="region">
        {unknown ? <NoMatch says={<>No device has the id <code>{id}</code>.</>} hidden="It may never have joined, or the address is mistyped."><Link href="/devices">All devices</Link></NoMatch> : <Answered of={device} what={`device ${id}`} rows={8}>{() => null}</Answered>}
      </div>
    </>
  );
}

function Shown({ device, asked, tab }: { device: DeviceDetail; asked: ReturnType<typeof useAnswer<'getDevice'>>; tab: string }): ReactNode {
  const [dialog, setDialog] = useState<Dialog>();
  const [, go] = useLocation();
  const at = tabs.findIndex(({ key }) => key === tab);
  const shown = tabs[at];
  useShortcuts(useMemo(() => {
    const step = (by: number): void => go(addressOf(device.id, tabs[(at + by + tabs.length) % tabs.length] ?? tabs[0]));
    return [
      { keys: '[', does: 'Previous tab', act: () => step(-1) },
      { keys: ']', does: 'Next tab', act: () => step(1) },
      { keys: 'c', does: 'Copy the id', act: () => void navigator.clipboard.writeText(device.id) },
    ];
  }, [at, device.id, go]));
  return (
    <div className="device-page">
      <Head device={device} onOpen={setDialog} />
      <nav className="tabs device-tabs" aria-label="About this device">
        {tabs.map((one) => <Link key={one.key} href={addressOf(device.id, one)} className="tab" {...(one === shown && { 'aria-current': 'page', ref: bringIntoSight })}>{one.word}{one.key === 'apps' && <span className="dim"> {device.apps.length}</span>}</Link>)}
      </nav>
      {asked.error && <div className="region"><Answered of={asked} what="the device">{() => null}</Answered></div>}
      <LastCommand device={device} />
      {shown ? <shown.shows device={device} onOpen={setDialog} /> : <div className="region"><NoMatch says={<>A device has no page <code>{tab}</code>.</>}><Link href={`/devices/${device.id}`}>What it does now</Link></NoMatch></div>}
      <Foot device={device} onOpen={setDialog} />
      {dialog && <Dialogs device={device} dialog={dialog} onClose={() => setDialog(undefined)} />}
    </div>
  );
}

/** On a phone the tabs are wider than the window. */
function bringIntoSight(tab: HTMLElement | null): void {
  tab?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function addressOf(id: string, { key }: Tab): string {
  return key === '' ? `/devices/${id}` : `/devices/${id}/${key}`;
}
