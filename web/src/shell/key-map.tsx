import { Modal, Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { useStore } from '../api/index.ts';
import { useKeyboard } from './keys.tsx';
import { places } from './places.ts';

/** All keys that work on this page. */
export function KeyMap({ onClose }: { onClose: () => void }): ReactNode {
  const { known, letters } = useKeyboard();
  const shortcuts = useStore(known);
  const on = useStore(letters);
  const rows = [...shortcuts.map(({ keys, does }) => ({ keys, does })), ...places.map(({ key, word }) => ({ keys: `g ${key}`, does: word })), { keys: 'Ctrl K', does: 'Search or jump to' }];
  return (
    <Modal opened onClose={onClose} title={<span className="strong">Keys</span>} size={440} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Switch checked={on} onChange={({ currentTarget }) => letters.set(currentTarget.checked)} label="Single letters do something" />
      <table className="table">
        <tbody>
          {rows.map(({ keys, does }) => (
            <tr key={`${keys} ${does}`}>
              <td><kbd>{keys}</kbd></td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
