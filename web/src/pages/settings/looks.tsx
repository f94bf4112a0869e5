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
        <div>
          <Switch checked={on} onChange={({ currentTarget }) => letters.set(currentTarget.checked)} label="Single letters do something" aria-describedby="settings-letters" />
          <p className="settings-letters small dim" id="settings-letters">Such as <kbd>g</kbd> <kbd>r</kbd> for rollouts; <kbd>?</kbd> lists them. Switch it off where you dictate, or type by accident. <kbd>Ctrl K</kbd> always works.</p>
        </div>
      </div>
    </Region>
  );
}
