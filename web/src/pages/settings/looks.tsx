import { SegmentedControl, Switch, useMantineColorScheme } from '@mantine/core';
import type { ReactNode } from 'react';
import { useStore } from '../../api/index.ts';
import { Region } from '../../parts/index.ts';
import { useKeyboard } from '../../shell/index.ts';

const schemes = [{ value: 'auto', label: 'As the system' }, { value: 'light', label: 'Light' }, { value: 'dark', label: 'Dark' }] as const;

/** Kept in this browser: the same person may sit at a dark wall and at a bright desk. */
export function Looks(): ReactNode {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { letters } = useKeyboard();
  const on = useStore(letters);
  return (
    <Region title="This browser" note="kept here, for whoever signs in">
      <div className="settings-looks">
        <div>
          <span className="settings-label" id="settings-appearance">Appearance</span>
          <SegmentedControl aria-labelledby="settings-appearance" data={[...schemes]} value={colorScheme} onChange={(next) => setColorScheme(next)} />
        </div>
        <Switch checked={on} onChange={({ currentTarget }) => letters.set(currentTarget.checked)} label="Single letters do something" description="Such as g r for rollouts; ? lists them. Switch it off where you dictate, or type by accident. Ctrl K always works." />
      </div>
    </Region>
  );
}
