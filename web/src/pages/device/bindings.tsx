import { NativeSelect, NumberInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { DeviceDetail, Release } from '@pier/shared/api';
import type { Bindings } from '@pier/shared/capability';
import { useAct, useAnswer } from '../../api/index.ts';
import { ActDialog, Command } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { type Slot, bindingChanges, bindingCommand, bindingWords, lineChoices, portChoices, slotsOf, withChoice, withSafe, withStorage } from './binding-draft.ts';
import { type Board, boardOf } from './facts.ts';
import { useReleases } from './use-device.ts';

type Props = { readonly device: DeviceDetail; readonly app: string; readonly onClose: () => void };

/** Which real line or port each label of an app may use: the operator's consent. Shows what changes before it does. */
export function BindingsDialog({ device, app, onClose }: Props): ReactNode {
  const release = useWantedRelease(device, app);
  const board = boardOf(device.profile);
  const put = useAct('putBindings');
  const [was] = useState<Bindings>(() => device.bindings[app as keyof typeof device.bindings] ?? {});
  const [draft, setDraft] = useState(was);
  const changes = bindingChanges(was, draft, board);
  const command = bindingCommand({ device: device.id, app, bindings: draft });
  const slots = slotsOf(release?.asks, draft);
  return (
    <ActDialog
      title={`Bindings of ${app} on ${device.name}`}
      sub="A binding is the consent that this label of the app may use this real line or port. Lines that the board needs itself are not offered."
      act={`Change ${counted(changes.length, 'binding')}`}
      asksWhy={false}
      off={changes.length === 0 ? 'Nothing has changed.' : undefined}
      onClose={onClose}
      onAct={() => put.mutateAsync({ params: { device: device.id, app }, body: draft })}
    >
      <div className="device-fields">
        {slots.length === 0 && <p>What is wanted of {app} asks for nothing that is bound.</p>}
        {slots.map((slot) => <SlotFields key={slot.label} slot={slot} app={app} device={device} board={board} draft={draft} onDraft={setDraft} />)}
      </div>
      {changes.length > 0 && (
        <>
          <table className="table">
            <thead><tr><th>Label</th><th>Before</th><th>After</th></tr></thead>
            <tbody>{changes.map(({ label, before, after }) => <tr key={label}><td className="strong">{label}</td><td>{before}</td><td>{after}</td></tr>)}</tbody>
          </table>
          <p className="small soft">The app is started anew with them, unless it is held; its outputs go to their safe state meanwhile.</p>
          {command !== undefined && <Command text={command} />}
        </>
      )}
    </ActDialog>
  );
}

/** What is wanted of the app: a release that a rollout will bring waits for what it asks for, and not for what the assigned one does. */
function useWantedRelease(device: DeviceDetail, app: string): Release | undefined {
  const assigned = useReleases(device).get(app);
  const wanted = device.apps.find((one) => one.app === app)?.wanted;
  const others = useAnswer('listReleases', { query: { app, limit: 500 } }, { enabled: wanted !== assigned?.version });
  return others.data?.items.find(({ version, state }) => version === wanted && state === 'verified') ?? assigned;
}

type SlotProps = { readonly slot: Slot; readonly app: string; readonly device: DeviceDetail; readonly board: Board | undefined; readonly draft: Bindings; readonly onDraft: (next: Bindings) => void };

function SlotFields({ slot, app, device, board, draft, onDraft }: SlotProps): ReactNode {
  const bound = draft[slot.label as keyof typeof draft];
  if (slot.kind === 'storage') {
    return (
      <div className="device-fields-row">
        <Asked slot={slot} />
        <NumberInput label={`${slot.label}: bytes it may keep, 0 for none`} min={0} max={1 << 30} value={bound?.kind === 'storage' ? bound.maxBytes : 0} onChange={(value) => onDraft(withStorage(draft, slot.label, Number(value) || 0))} />
      </div>
    );
  }
  const choices = slot.kind === 'serial' ? portChoices(device, board, { app, label: slot.label }) : lineChoices(device, board, { app, label: slot.label });
  return (
    <div className="device-fields-row">
      <Asked slot={slot} />
      <NativeSelect label={`${slot.label}: ${slot.kind === 'serial' ? 'port' : 'line'}`} data={[{ value: '', label: 'Not bound' }, ...choices]} value={bound === undefined ? '' : bindingWords(bound, board).key} onChange={({ currentTarget }) => onDraft(withChoice(draft, slot, currentTarget.value))} />
      {slot.kind === 'gpio' && slot.mode === 'out' && bound?.kind === 'gpio' && (
        <NativeSelect label="Safe state" data={[{ value: '', label: `App's own: ${slot.safe ?? 'not known'}` }, 'low', 'high', 'input', 'keep']} value={bound.safe ?? ''} onChange={({ currentTarget }) => onDraft(withSafe(draft, slot.label, currentTarget.value))} />
      )}
    </div>
  );
}

function Asked({ slot: { label, kind, mode, asked, optional } }: { slot: Slot }): ReactNode {
  const words = kind === 'gpio' ? (mode === 'out' ? 'output' : 'input') : kind;
  return <p className="small"><span className="strong">{label}</span><br /><span className="dim">{words}{asked ? (optional ? ', optional' : '') : '; what is wanted does not ask for it'}</span></p>;
}
