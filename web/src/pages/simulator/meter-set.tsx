import { NativeSelect, NumberInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { systemClock } from '@pier/shared/core';
import { ActButton } from '../../parts/index.ts';
import { readings } from './board-view.ts';
import type { Driver } from './use-sim.ts';

/** The power that the slider reaches; the field beside it takes any. */
const slideMaxW = 3_000;

type Props = { readonly part: string; readonly values: Readonly<Record<string, number>>; readonly driver: Driver };

/** From the board's answer until what it measures surely stands here. */
const settleMs = 1_000;

/** What the hand has set. It stays until what the board measures is shown: a key pressed before then goes on from here. */
type Held = { readonly value: number; readonly sent: boolean };

/** Sets what a meter measures: power by a slider, each reading by its number. */
export function MeterSet({ part, values, driver }: Props): ReactNode {
  const [held, setHeld] = useState<Held>();
  const [name, setName] = useState('powerW');
  const [typed, setTyped] = useState<number | string>('');
  const set = (value: number, of = name): void => driver.act({ act: 'set-part', part, values: { [of]: value } });
  const drop = (): void => {
    if (held === undefined || held.sent) return;
    const sent: Held = { value: held.value, sent: true };
    setHeld(sent);
    driver.act({ act: 'set-part', part, values: { powerW: held.value } }, () => void systemClock.sleep(settleMs).then(() => setHeld((now) => (now === sent ? undefined : now))));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (driver.off === undefined && typeof typed === 'number') set(typed);
  };
  const power = values['powerW'];
  const all = readings(values);
  return (
    <form className="sim-set" onSubmit={submit}>
      {power !== undefined && (
        <input
          type="range" className="sim-slide" aria-label={`Power of ${part}, W`} min={0} max={slideMaxW} step={10} disabled={driver.off !== undefined} {...(driver.off !== undefined && { title: driver.off })}
          value={held?.value ?? Math.min(slideMaxW, Math.max(0, power))} onChange={({ currentTarget }) => setHeld({ value: Number(currentTarget.value), sent: false })} onPointerUp={drop} onKeyUp={drop} onBlur={drop}
        />
      )}
      <div className="sim-set-row">
        <NativeSelect aria-label="Reading" data={all.map((one) => ({ value: one.name, label: `${one.words}, ${one.unit}` }))} value={name} onChange={({ currentTarget }) => setName(currentTarget.value)} />
        <NumberInput aria-label={`New value of ${part}`} hideControls placeholder={String(Math.round((values[name] ?? 0) * 1_000) / 1_000)} value={typed} onChange={setTyped} disabled={driver.off !== undefined} />
        <ActButton compact onClick={() => typeof typed === 'number' && set(typed)} off={driver.off ?? (typeof typed === 'number' ? undefined : 'Type a number first.')} offQuiet>Set</ActButton>
      </div>
    </form>
  );
}
