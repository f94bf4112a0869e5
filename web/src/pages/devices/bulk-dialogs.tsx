/** What is done to all that are chosen: each says what it will do and to how many, before it does it. */
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Device } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { useAct, useAnswer, useApi } from '../../api/index.ts';
import { ActDialog, Answered, type Said } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { type Choice, isChosen } from './choice.ts';
import { gatherDevices } from './gather.ts';
import { readTagChange } from './tag-text.ts';
import { type DevicesView, soleSelector, whichOf } from './view.ts';

type Props = {
  readonly view: DevicesView;
  readonly choice: Choice;
  readonly matched: number;
  readonly loaded: readonly Device[];
  readonly onClose: () => void;
  /** With what was done, in words. */
  readonly onDone: (says: string) => void;
};

/** The devices that are chosen, by name: of "all that match" they are read first, so that the number is exact. */
function useChosen({ view, choice, loaded }: Props, enabled = true) {
  const api = useApi();
  return useQuery<readonly Device[], Fault>({
    queryKey: ['chosen devices', whichOf(view), choice.kind === 'all' ? [...choice.except] : [...choice.ids]],
    queryFn: async ({ signal }) => (choice.kind === 'some' ? loaded : await gatherDevices(api, { which: whichOf(view) }, signal)).filter(({ id }) => isChosen(choice, id)),
    enabled,
    staleTime: 'static',
    gcTime: 0,
  });
}

export function TagsDialog(props: Props): ReactNode {
  const { view, choice, matched, onClose, onDone } = props;
  const [set, setSet] = useState('');
  const [remove, setRemove] = useState('');
  const tag = useAct('tagDevices');
  const selector = choice.kind === 'all' && choice.except.size === 0 ? soleSelector(view) : undefined;
  const chosen = useChosen(props, selector === undefined);
  const n = selector === undefined ? chosen.data?.length : matched;
  const read = readTagChange(set, remove);
  const act = async (said: Said): Promise<void> => {
    if (!read.ok) return;
    const which = selector === undefined ? { devices: (chosen.data ?? []).map(({ id }) => id) } : { selector };
    await tag.mutateAsync({ body: { ...which, ...(Object.keys(read.set).length > 0 && { setTags: read.set }), ...(read.remove.length > 0 && { removeTags: [...read.remove] }), ...said } });
    onDone(`Tags of ${counted(n ?? 0, 'device')} changed`);
  };
  const effects = read.ok ? [...Object.entries(read.set).map(([key, value]) => [`${key}=${value === '' ? '""' : value}`, `set ${already(chosen.data, key, value)}`] as const), ...read.remove.map((key) => [key, `removed ${has(chosen.data, key)}`] as const)] : [];
  return (
    <ActDialog title={n === undefined ? 'Tags' : `Tags of ${counted(n, 'device')}`} sub={selector === undefined ? 'All or none of them are changed. Dynamic rollouts that choose by these tags may take devices in.' : <>All that match <code>{selector}</code> when it is done, {counted(matched, 'device')} now. All or none of them are changed.</>} act={n === undefined ? 'Change tags' : `Change ${counted(n, 'device')}`} off={n === undefined ? 'The devices that are chosen are being read.' : n === 0 ? 'No device is chosen.' : read.ok ? undefined : read.says} onClose={onClose} onAct={act}>
      <div className="devices-fields">
        <TextInput label="Set" placeholder="site=harbour, role=pump" value={set} autoComplete="off" spellCheck={false} data-autofocus onChange={({ currentTarget }) => setSet(currentTarget.value)} />
        <TextInput label="Remove" placeholder="spare" value={remove} autoComplete="off" spellCheck={false} onChange={({ currentTarget }) => setRemove(currentTarget.value)} />
      </div>
      {chosen.error && <p className="note f-failed" role="alert">{chosen.error.message} <code>{chosen.error.code}</code></p>}
      {effects.length > 0 && (
        <table className="table">
          <thead><tr><th scope="col">Tag</th><th scope="col">What it does</th></tr></thead>
          <tbody>{effects.map(([what, says]) => <tr key={what}><td className="mono">{what}</td><td>{says}</td></tr>)}</tbody>
        </table>
      )}
    </ActDialog>
  );
}

function already(devices: readonly Device[] | undefined, key: string, value: string): string {
  if (devices === undefined) return 'on all of them';
  const same = devices.filter(({ tags }) => tags[key] === value).length;
  const other = devices.filter(({ tags }) => Object.hasOwn(tags, key) && tags[key] !== value).length;
  return `on ${counted(devices.length, 'device')}: new on ${count(devices.length - same - other)}, changed on ${count(other)}, already so on ${count(same)}`;
}

function has(devices: readonly Device[] | undefined, key: string): string {
  if (devices === undefined) return 'from all that have it';
  return `from ${count(devices.filter(({ tags }) => Object.hasOwn(tags, key)).length)} of ${counted(devices.length, 'device')}; the others do not have it`;
}

/** What one question can name: the query of a request has its bound. */
const previewCharsMax = 20_000;

export function RolloutDialog({ verb, rollout, ...props }: Props & { verb: 'retry' | 'exclude'; rollout: string }): ReactNode {
  const chosen = useChosen(props);
  const ids = (chosen.data ?? []).map(({ id }) => id);
  const named = ids.join(',');
  const long = named.length > previewCharsMax;
  const about = useAnswer('getRollout', { params: { id: rollout } }).data;
  const preview = useAnswer('previewRollout', { params: { id: rollout }, query: { devices: named } }, { enabled: ids.length > 0 && !long });
  const effect = preview.data?.items.find((one) => one.verb === verb);
  const act = useAct('actOnRollout');
  const does = verb === 'retry' ? 'Retry' : 'Exclude';
  const off = chosen.error ? chosen.error.message : chosen.data === undefined ? 'The devices that are chosen are being read.' : long ? `${counted(ids.length, 'device')} are too many to name in one request; choose fewer.` : effect === undefined ? 'Its effect is not known yet.' : effect.possible ? undefined : 'Not possible now.';
  const onAct = async (said: Said): Promise<void> => {
    if (!preview.data) return;
    try {
      await act.mutateAsync({ params: { id: rollout }, ifMatch: preview.data.revision, body: { verb, devices: ids, ...said } });
    } catch (thrown) {
      // Somebody was faster: what it would do now is asked for again, and what was typed stays.
      if (thrown instanceof Fault && thrown.code === 'revision-stale') await preview.refetch();
      throw thrown;
    }
    props.onDone(`${verb === 'retry' ? 'Asked to try again' : 'Excluded'}: ${counted(effect?.devices ?? ids.length, 'device')}`);
  };
  return (
    <ActDialog title={`${does} ${counted(ids.length, 'device')}`} sub={about && `In the rollout ${about.name}.`} act={effect?.possible ? `${does} ${counted(effect.devices, 'device')}` : does} off={off} onClose={props.onClose} onAct={onAct}>
      {!long && ids.length > 0 && (
        <Answered of={preview} what="the effect" rows={1}>
          {() => <><p className="devices-effect">{effect?.sentence}</p>{effect?.possible && effect.devices < ids.length && <p className="small dim">{counted(ids.length - effect.devices, 'device')} of those chosen {ids.length - effect.devices === 1 ? 'is' : 'are'} not in a state for it and stay as they are.</p>}</>}
        </Answered>
      )}
    </ActDialog>
  );
}

/** Devices are let in one by one: each is a decision about a key of its own. */
export function ApproveDialog(props: Props): ReactNode {
  const chosen = useChosen(props);
  const approve = useAct('approveDevice');
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  const pending = (chosen.data ?? []).filter(({ standing, id }) => standing === 'pending' && !done.has(id));
  const others = (chosen.data?.length ?? 0) - pending.length - done.size;
  const onAct = async (said: Said): Promise<void> => {
    for (const { id } of pending) {
      await approve.mutateAsync({ params: { device: id }, body: said });
      setDone((was) => new Set([...was, id]));
    }
    props.onDone(`${counted(pending.length, 'device')} let in`);
  };
  return (
    <ActDialog title={`Approve ${counted(pending.length, 'device')}`} sub="They get certificates and may connect. Compare their fingerprints on the page Enrol first." act={`Approve ${counted(pending.length, 'device')}`} off={chosen.error?.message ?? (chosen.data === undefined ? 'The devices that are chosen are being read.' : pending.length === 0 ? 'None of those chosen asks to join.' : undefined)} onClose={props.onClose} onAct={onAct}>
      {done.size > 0 && <p role="status">{counted(done.size, 'device')} approved, {count(pending.length)} left.</p>}
      <ul className="rows devices-pending">{pending.slice(0, 20).map(({ id, name, model }) => <li key={id}><span className="strong">{name}</span><span className="dim">{model}</span><span className="mono push">{id}</span></li>)}</ul>
      {pending.length > 20 && <p className="small dim">and {count(pending.length - 20)} more</p>}
      {others > 0 && <p className="small dim">{counted(others, 'device')} of those chosen {others === 1 ? 'does' : 'do'} not ask to join and stay as they are.</p>}
    </ActDialog>
  );
}
