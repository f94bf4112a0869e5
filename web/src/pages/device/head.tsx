import { Button, Menu } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { DeviceDetail } from '@pier/shared/api';
import { selectorText } from '@pier/shared/selector';
import { useAnswer, useNowAs, useWhyNot } from '../../api/index.ts';
import { ActButton, Ago, Icon, Id, PageHead, StateMark } from '../../parts/index.ts';
import { commandWords, modelWords, standingWords } from '../../words/index.ts';
import { verbWords } from './app-command.tsx';
import type { Dialog, Open } from './dialogs.tsx';
import { useHeardAt } from './use-device.ts';

type Props = { readonly device: DeviceDetail; readonly onOpen: Open };

export function Head({ device, onOpen }: Props): ReactNode {
  return (
    <div className="device-head">
      <PageHead title={device.name} beside={<Marks device={device} />} facts={<Facts device={device} onOpen={onOpen} />} acts={<Acts device={device} onOpen={onOpen} />} />
    </div>
  );
}

/** Online or not stands for itself; how the device stands besides, unless that says the same. */
function Marks({ device: { online, standing, why, lastSeenAt } }: Pick<Props, 'device'>): ReactNode {
  const known = lastSeenAt !== null;
  return (
    <>
      {known && <span className={`device-online ${online ? 'f-ok' : 'f-offline device-offline'}`}><span className="device-dot" aria-hidden="true" />{online ? 'Online' : 'Offline'}</span>}
      {standing !== 'offline' && <span title={why?.reason}><StateMark state={standingWords[standing]} tinted /></span>}
    </>
  );
}

function Facts({ device, onOpen }: Props): ReactNode {
  const { id, model, tags, agent } = device;
  const site = tags['site'];
  const off = useWhyNot('operator');
  return (
    <>
      <span>{modelWords(model)}</span>
      <Id id={id} />
      {site !== undefined && <span>site <Link href={`/devices?q=${encodeURIComponent(selectorText({ kind: 'equals', key: { of: 'tag', name: 'site' }, value: site }))}`}>{site}</Link></span>}
      {agent !== null && <span>agent {agent}</span>}
      <Heard device={device} />
      {Object.entries(tags).filter(([key]) => key !== 'site').map(([key, value]) => <span key={key} className="chip">{key}={value}</span>)}
      <ActButton compact variant="plain" icon="tag" off={off} offQuiet onClick={() => onOpen({ kind: 'tags' })}>Name and tags…</ActButton>
    </>
  );
}

/** Apart from the rest: it changes with every look at the levels. */
function Heard({ device }: Pick<Props, 'device'>): ReactNode {
  const at = useHeardAt(device);
  return <span>{at === null ? 'never heard' : <>heard <Ago at={at} /></>}</span>;
}

/** Why nothing can be told to its apps; undefined where it can. */
function useWhyNoCommand({ device }: Pick<Props, 'device'>): string | undefined {
  const role = useWhyNot('operator');
  if (role !== undefined) return role;
  if (device.state !== 'active') return device.state === 'pending' ? 'Not let in yet.' : 'Revoked.';
  if (device.apps.length === 0) return 'No app is on it.';
  return device.online ? undefined : 'Offline.';
}

function Acts({ device, onOpen }: Props): ReactNode {
  const off = useWhyNoCommand({ device });
  const role = useWhyNot('operator');
  if (device.state === 'pending') {
    return (
      <>
        <ActButton variant="primary" icon="user-check" off={role} onClick={() => onOpen({ kind: 'approve' })}>Approve…</ActButton>
        <ActButton variant="warn" off={role} offQuiet onClick={() => onOpen({ kind: 'revoke' })}>Deny…</ActButton>
      </>
    );
  }
  return (
    <>
      <ActButton icon="terminal" onClick={() => onOpen({ kind: 'console' })}>Command…</ActButton>
      <ActButton off={off} onClick={() => onOpen({ kind: 'app.restart' })}>Restart app…</ActButton>
      <More device={device} onOpen={onOpen} off={off} />
    </>
  );
}

/** The rest of what can be done; what cannot says why. */
function More({ device, onOpen, off }: Props & { off: string | undefined }): ReactNode {
  const role = useWhyNot('operator');
  const active = role ?? (device.state === 'active' ? undefined : 'Revoked.');
  const byHand = device.assignments.filter((one) => one.byHand);
  const items: readonly { readonly word: string; readonly dialog: Dialog; readonly off: string | undefined }[] = [
    { word: 'Stop app…', dialog: { kind: 'app.stop' }, off },
    { word: 'Start app…', dialog: { kind: 'app.start' }, off },
    { word: 'Assign by hand…', dialog: { kind: 'assign' }, off: active },
    ...byHand.map(({ app }) => ({ word: `Give ${app} back…`, dialog: { kind: 'give-back' as const, app }, off: role })),
    { word: 'Name and tags…', dialog: { kind: 'tags' }, off: role },
    { word: 'Revoke…', dialog: { kind: 'revoke' }, off: active },
  ];
  return (
    <Menu position="bottom-end" width={240} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target><Button aria-label="More actions"><Icon name="more" /></Button></Menu.Target>
      <Menu.Dropdown>
        {items.map(({ word, dialog, off: why }) => <Menu.Item key={word} disabled={why !== undefined} onClick={() => onOpen(dialog)}>{word}{why !== undefined && <span className="small"> {why}</span>}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}

/** On phones the acts stay under the thumb. */
export function Foot({ device, onOpen }: Props): ReactNode {
  const off = useWhyNoCommand({ device });
  const role = useWhyNot('operator');
  return (
    <div className="device-foot" role="group" aria-label="Actions">
      {device.state === 'pending' ? (
        <>
          <ActButton variant="primary" off={role} onClick={() => onOpen({ kind: 'approve' })}>Approve…</ActButton>
          <ActButton off={role} onClick={() => onOpen({ kind: 'revoke' })}>Deny…</ActButton>
        </>
      ) : (
        <>
          <ActButton off={off} onClick={() => onOpen({ kind: 'app.restart' })}>Restart app…</ActButton>
          <ActButton onClick={() => onOpen({ kind: 'console' })}>Command…</ActButton>
          <More device={device} onOpen={onOpen} off={off} />
        </>
      )}
    </div>
  );
}

const shownForMs = 120_000;

/** What became of the command that was sent last, for a while: the device's own answer, as it comes. */
export function LastCommand({ device }: Pick<Props, 'device'>): ReactNode {
  const commands = useAnswer('listCommands', { params: { device: device.id }, query: { limit: 1 } }, { everyMs: 2_000 });
  const last = commands.data?.items[0];
  const isOld = useNowAs((nowMs) => last !== undefined && nowMs - Date.parse(last.endedAt ?? last.sentAt) > shownForMs);
  if (last === undefined || isOld) return null;
  return (
    <p className="device-command" role="status">
      <StateMark state={commandWords[last.state]} />
      <span>{verbWords[last.verb].act} {last.app}, by {last.by} <Ago at={last.sentAt} /></span>
      {last.reason && <span className="soft">{last.reason.reason} <code>{last.reason.code}</code></span>}
    </p>
  );
}
