import type { ReactNode } from 'react';
import type { DeviceDetail, UiVerb } from '@pier/shared/api';
import { AppCommandDialog } from './app-command.tsx';
import { AssignDialog, GiveBackDialog } from './assign.tsx';
import { BindingsDialog } from './bindings.tsx';
import { ConsoleDialog } from './console.tsx';
import { ApproveDialog, RevokeDialog, TagsDialog } from './standing.tsx';

/** What is asked before something is done to this device. */
export type Dialog =
  | { readonly kind: UiVerb; readonly app?: string }
  | { readonly kind: 'bindings' | 'give-back'; readonly app: string }
  | { readonly kind: 'assign'; readonly app?: string }
  | { readonly kind: 'approve' | 'revoke' | 'tags' | 'console' };
export type Open = (dialog: Dialog) => void;

type Props = { readonly device: DeviceDetail; readonly dialog: Dialog; readonly onClose: () => void };

export function Dialogs({ device, dialog, onClose }: Props): ReactNode {
  const props = { device, onClose };
  switch (dialog.kind) {
    case 'app.restart':
    case 'app.stop':
    case 'app.start':
      return <AppCommandDialog {...props} verb={dialog.kind} first={dialog.app} />;
    case 'bindings':
      return <BindingsDialog {...props} app={dialog.app} />;
    case 'give-back':
      return <GiveBackDialog {...props} app={dialog.app} />;
    case 'assign':
      return <AssignDialog {...props} first={dialog.app} />;
    case 'approve':
      return <ApproveDialog {...props} />;
    case 'revoke':
      return <RevokeDialog {...props} />;
    case 'tags':
      return <TagsDialog {...props} />;
    case 'console':
      return <ConsoleDialog {...props} />;
  }
}
