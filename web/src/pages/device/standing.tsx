import { TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { useAct, useAnswer } from '../../api/index.ts';
import { ActButton, ActDialog } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { type TagDraft, tagChange } from './tag-draft.ts';

type Props = { readonly device: DeviceDetail; readonly onClose: () => void };

export function ApproveDialog({ device, onClose }: Props): ReactNode {
  const approve = useAct('approveDevice');
  const pending = useAnswer('listPending', { query: { limit: 500 } });
  const asked = pending.data?.items.find((one) => one.device === device.id);
  return (
    <ActDialog title={`Let ${device.name} in`} sub="It gets a certificate, connects, and from then on is offered what rollouts and people want of it." act="Let it in" onClose={onClose} onAct={(said) => approve.mutateAsync({ params: { device: device.id }, body: said })}>
      <table className="table">
        <tbody>
          <tr><td>Board</td><td>{device.model}</td></tr>
          {asked && <tr><td>Fingerprint of its key</td><td className="mono">{asked.fingerprint}</td></tr>}
          {asked && <tr><td>Came with</td><td>claim token <code>{asked.token}</code></td></tr>}
        </tbody>
      </table>
    </ActDialog>
  );
}

export function RevokeDialog({ device, onClose }: Props): ReactNode {
  const revoke = useAct('revokeDevice');
  const pending = device.state === 'pending';
  return (
    <ActDialog
      title={pending ? `Deny ${device.name}` : `Revoke ${device.name}`}
      sub={pending ? 'It is not let in. The board may ask again with another claim token.' : 'Its certificate is worth nothing from now on, and its connections end at once. The board keeps running what it has; nothing can be sent to it until it is enrolled anew with a claim token.'}
      act={pending ? 'Deny 1 device' : 'Revoke 1 device'}
      danger
      typed={pending ? undefined : device.id}
      off={device.state === 'revoked' ? 'It is revoked already.' : undefined}
      onClose={onClose}
      onAct={(said) => revoke.mutateAsync({ params: { device: device.id }, body: said })}
    >
      {!pending && (
        <table className="table">
          <tbody>
            <tr><td>Apps that keep running there, out of reach</td><td>{device.apps.length === 0 ? 'none' : device.apps.map(({ app, version }) => `${app} ${version ?? ''}`).join(', ')}</td></tr>
          </tbody>
        </table>
      )}
    </ActDialog>
  );
}

export function TagsDialog({ device, onClose }: Props): ReactNode {
  const change = useAct('changeDevice');
  const [name, setName] = useState(device.name);
  const [was] = useState(device.tags);
  const [drafts, setDrafts] = useState<readonly TagDraft[]>(() => Object.entries(device.tags).map(([key, value]) => ({ key, value })));
  const { setTags, removeTags } = tagChange(was, drafts);
  const changes = Object.keys(setTags).length + removeTags.length;
  const renamed = name.trim() !== device.name;
  const twice = drafts.some(({ key }, index) => key.trim() !== '' && drafts.findIndex((other) => other.key.trim() === key.trim()) !== index);
  const set = (index: number, next: Partial<TagDraft>): void => setDrafts(drafts.map((draft, at) => (at === index ? { ...draft, ...next } : draft)));
  return (
    <ActDialog
      title={`Name and tags of ${device.id}`}
      sub="Selectors of rollouts look at tags; the tag site says where the board is. Other tags that somebody else changes meanwhile stay as they are."
      act={renamed && changes === 0 ? 'Rename' : `Change ${counted(changes, 'tag')}`}
      asksWhy={false}
      off={twice ? 'A tag is there twice.' : name.trim() === '' ? 'A name is needed.' : changes === 0 && !renamed ? 'Nothing has changed.' : undefined}
      onClose={onClose}
      onAct={() => change.mutateAsync({ params: { device: device.id }, body: { ...(renamed && { name: name.trim() }), ...(Object.keys(setTags).length > 0 && { setTags }), ...(removeTags.length > 0 && { removeTags }) } })}
    >
      <div className="device-fields">
        <TextInput label="Name" value={name} maxLength={64} onChange={({ currentTarget }) => setName(currentTarget.value)} />
        {drafts.map(({ key, value }, index) => (
          // Rows have no other name than their place: both of their fields are being typed.
          <div key={index} className="device-tag-row">
            <TextInput label="Tag" value={key} onChange={({ currentTarget }) => set(index, { key: currentTarget.value })} />
            <TextInput label={`Value of ${key === '' ? 'the tag' : key}`} value={value} onChange={({ currentTarget }) => set(index, { value: currentTarget.value })} />
            <ActButton icon="cross" onClick={() => setDrafts(drafts.filter((_, at) => at !== index))}>Remove</ActButton>
          </div>
        ))}
        <span><ActButton compact icon="plus" onClick={() => setDrafts([...drafts, { key: '', value: '' }])}>Add a tag</ActButton></span>
        {removeTags.length > 0 && <p className="small soft">Taken off: {removeTags.join(', ')}.</p>}
      </div>
    </ActDialog>
  );
}
