import type { ReactNode } from 'react';
import type { DeviceDetail, UiVerb } from '@pier/shared/api';
import { AppCommandDialog } from './app-command.tsx';
import { AssignDialog, GiveBackDialog } from './assign.tsx';
import { BindingsDialog } from './bindings.tsx';
import { ConsoleDialog } from './shell-command.tsx';
import { ApproveDialog, RevokeDialog, TagsDialog } from './standing.tsx';

/** What is asked before something is done to this device. */
export type Dialog =
  | { readonly kind: UiVerb; readonly app?: string }
  | { readonly kind: 'bindings' | 'give-back'; readonly app: string }
  | { readonly kind: 'assign'; readonly app?: string }
  | { readonly kind: 'approve' | 'revoke' | 'tags' | 'console' };
export type Open = (dialog: Dialog) => void;

type Props = { readonly device: DeviceDetail; readonly dialog: Dialog; readonly onClose: () => void };

const appOf = (dialog: Dialog): string | undefined => ('app' in dialog ? dialog.app : undefined);
const command = (verb: UiVerb) => ({ device, dialog, onClose }: Props): ReactNode => <AppCommandDialog device={device} verb={verb} first={appOf(dialog)} onClose={onClose} />;

const shows: Readonly<Record<Dialog['kind'], (props: Props) => ReactNode>> = {
  'app.restart': command('app.restart'),
  'app.stop': command('app.stop'),
  'app.start': command('app.start'),
  bindings: ({ device, dialog, onClose }) => <BindingsDialog device={device} app={appOf(dialog) ?? ''} onClose={onClose} />,
  'give-back': ({ device, dialog, onClose }) => <GiveBackDialog device={device} app={appOf(dialog) ?? ''} onClose={onClose} />,
  assign: ({ device, dialog, onClose }) => <AssignDialog device={device} first={appOf(dialog)} onClose={onClose} />,
  approve: ({ device, onClose }) => <ApproveDialog device={device} onClose={onClose} />,
  revoke: ({ device, onClose }) => <RevokeDialog device={device} onClose={onClose} />,
  tags: ({ device, onClose }) => <TagsDialog device={device} onClose={onClose} />,
  console: ({ device, onClose }) => <ConsoleDialog device={device} onClose={onClose} />,
};

export function Dialogs(props: Props): ReactNode {
  return shows[props.dialog.kind](props);
}
