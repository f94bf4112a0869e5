import { Modal, NativeSelect, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { DeviceDetail } from '@pier/shared/api';
import { type Verb, verbNames, verbs } from '@pier/shared/wire';
import { Command } from '../../parts/index.ts';
import { appsOf } from './app-command.tsx';
import { argsFault, commandLine } from './shell-line.ts';

/** Puts a command together to be typed elsewhere: a browser holds no operator's key, so it cannot sign one. */
export function ConsoleDialog({ device, onClose }: { device: DeviceDetail; onClose: () => void }): ReactNode {
  const [verb, setVerb] = useState<Verb>('status');
  const [args, setArgs] = useState<Readonly<Record<string, string>>>({});
  const fields = Object.keys(verbs[verb].args.shape);
  const own = Object.fromEntries(fields.map((field) => [field, args[field] ?? (field === 'app' ? (appsOf(device)[0] ?? '') : '')]));
  const fault = argsFault(verb, own);
  return (
    <Modal opened onClose={onClose} title={<span className="strong">A command for {device.name}</span>} size={660} padding={16} closeButtonProps={{ 'aria-label': 'Close' }}>
      <p className="dialog-sub">Restart, start and stop are buttons of this page. Any other verb is yours to say: it is signed with your own operator key, which no browser holds. Copy the line and type it in a shell; read-only verbs need no key.</p>
      <div className="device-fields">
        <NativeSelect label="Verb" data={verbNames.map((name) => ({ value: name, label: `${name}${verbs[name].readOnly ? ', only reads' : ''}` }))} value={verb} onChange={({ currentTarget }) => setVerb(currentTarget.value as Verb)} />
        {fields.map((field) =>
          field === 'app' ? (
            <NativeSelect key={field} label="app" data={['', ...appsOf(device)]} value={own[field] ?? ''} onChange={({ currentTarget }) => setArgs({ ...args, [field]: currentTarget.value })} />
          ) : (
            <TextInput key={field} label={field} value={own[field] ?? ''} autoComplete="off" spellCheck={false} onChange={({ currentTarget }) => setArgs({ ...args, [field]: currentTarget.value })} />
          ),
        )}
        <Command text={commandLine(device.id, verb, own)} label="The command" />
        <p className="small soft" role="status">{fault === undefined ? (verbs[verb].readOnly ? 'It only reads, and may go unsigned.' : 'It changes something: add --key FILE with your operator key.') : `The device would refuse it: ${fault}.`}</p>
      </div>
    </Modal>
  );
}
