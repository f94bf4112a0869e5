import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import type { Forecast } from '@pier/shared/api';
import { Icon, Region } from '../../parts/index.ts';
import { counted } from '../../words/index.ts';
import { NumberField, wrongAt } from './fields.tsx';
import { type TakeBy, type WaveForm, type Wrong, withWave, withoutWave } from './form.ts';
import type { FormState } from './use-form.ts';

type Props = Pick<FormState, 'form' | 'change'> & { readonly wrong: readonly Wrong[]; readonly forecast: Forecast | undefined };

const takes: readonly { readonly value: TakeBy; readonly label: string }[] = [
  { value: 'count', label: 'devices' }, { value: 'percent', label: '% of all' }, { value: 'selector', label: 'those of a query' }, { value: 'rest', label: 'the rest' },
];

/** Waves drawn as a pier: berths under a deck, and a gate between each and the next. */
export function WavesSection({ form, change, wrong, forecast }: Props): ReactNode {
  const { waves } = form;
  const set = (key: number, next: Partial<WaveForm>): void => change({ waves: waves.map((wave) => (wave.key === key ? { ...wave, ...next } : wave)) });
  return (
    <Region title={<><span className="new-rollout-n" aria-hidden="true">3</span>Waves and gates</>} note="A gate opens the next wave; it counts devices only after their soak" acts={<Button data-size="compact" leftSection={<Icon name="plus" />} onClick={() => change(withWave(form))}>Add a wave</Button>}>
      <div className="new-rollout-pier">
        {waves.map((wave, index) => (
          <Berth key={wave.key} wave={wave} n={index + 1} last={index === waves.length - 1} wrong={wrong} devices={forecast?.waves[index]?.devices} soakS={form.soakS} set={(next) => set(wave.key, next)} {...(waves.length > 1 && { onRemove: () => change(withoutWave(form, wave.key)) })} />
        ))}
      </div>
      {!waves.some(({ by }) => by === 'rest') && <p className="small dim">Whoever none of these takes comes last, in a wave of its own{forecast && forecast.waves.length > waves.length && `: ${counted(forecast.waves.at(-1)?.devices ?? 0, 'device')}`}.</p>}
      <WholeFields form={form} change={change} wrong={wrong} />
    </Region>
  );
}

type BerthProps = { readonly wave: WaveForm; readonly n: number; readonly last: boolean; readonly wrong: readonly Wrong[]; readonly devices: number | undefined; readonly soakS: string; readonly set: (next: Partial<WaveForm>) => void; readonly onRemove?: () => void };

function Berth({ wave, n, last, wrong, devices, soakS, set, onRemove }: BerthProps): ReactNode {
  const id = useId();
  const at = (field: string): string | undefined => wrongAt(wrong, `wave ${n} ${field}`);
  const number = (field: 'success' | 'failure' | 'sample' | 'present', label: string, unit: string): ReactNode => <NumberField label={label} value={wave[field]} unit={unit} onChange={(value) => set({ [field]: value })} wrong={at(field)} />;
  return (
    <fieldset className="new-rollout-berth" aria-labelledby={id}>
      <div className="new-rollout-berth-head">
        <h3 id={id}>Wave {n}</h3>
        <span className="dim">{devices === undefined ? '' : counted(devices, 'device')}</span>
        {onRemove && <button type="button" className="copy" onClick={onRemove} aria-label={`Remove wave ${n}`} title={`Remove wave ${n}`}><Icon name="cross" size={11} /></button>}
      </div>
      <div className="new-rollout-take">
        {wave.by === 'count' && <NumberField label={`Devices in wave ${n}`} labelQuiet value={wave.count} onChange={(count) => set({ count })} wrong={at('count')} />}
        {wave.by === 'percent' && <NumberField label={`Percent in wave ${n}`} labelQuiet value={wave.percent} onChange={(percent) => set({ percent })} wrong={at('percent')} />}
        <NativeSelect aria-label={`Wave ${n} takes`} value={wave.by} data={[...takes]} onChange={({ currentTarget }) => set({ by: takes.find((one) => one.value === currentTarget.value)?.value ?? 'rest' })} />
        {wave.by === 'selector' && <TextInput aria-label={`Query of wave ${n}`} value={wave.selector} placeholder="tier=canary" spellCheck={false} classNames={{ input: 'mono' }} onChange={({ currentTarget }) => set({ selector: currentTarget.value })} error={wave.selector.trim() === '' ? undefined : at('selector')} />}
      </div>
      {number('success', 'Proven, at least', '%')}
      {number('failure', 'Ended badly, stops above', '%')}
      {number('sample', 'of finished, at least', '')}
      {number('present', 'Able to take it, at least', '%')}
      <NumberField label="Soak" value={wave.soakS} unit="s" placeholder={soakS} onChange={(value) => set({ soakS: value })} wrong={at('soakS')} />
      {last ? <p className="new-rollout-next">Ends the rollout</p> : <NativeSelect className="new-rollout-next" aria-label={`After wave ${n}`} value={wave.advance} onChange={({ currentTarget }) => set({ advance: currentTarget.value === 'manual' ? 'manual' : 'auto' })} data={[{ value: 'auto', label: 'The next opens by itself' }, { value: 'manual', label: 'A person opens the next' }]} />}
    </fieldset>
  );
}

/** What holds for all waves. */
function WholeFields({ form, change, wrong }: Pick<Props, 'form' | 'change' | 'wrong'>): ReactNode {
  const field = (name: 'soakS' | 'deadlineS' | 'maxInFlight' | 'horizonS', label: string, unit: string): ReactNode => <NumberField label={label} value={form[name]} unit={unit} onChange={(value) => change({ [name]: value })} wrong={wrongAt(wrong, name)} />;
  return (
    <fieldset className="new-rollout-whole">
      <legend className="sr-only">For all waves</legend>
      {field('soakS', 'Soak: well for so long before it counts', 's')}
      {field('deadlineS', 'Each device, at most', 's')}
      {field('maxInFlight', 'At work at once', 'devices')}
      {field('horizonS', 'A late failure reopens its wave for', 's')}
      <NativeSelect label="When a gate fails" value={form.onFailure} onChange={({ currentTarget }) => change({ onFailure: currentTarget.value === 'roll_back' ? 'roll_back' : 'pause' })} data={[{ value: 'pause', label: 'Pause, and wait for a person' }, { value: 'roll_back', label: 'Roll every device back' }]} />
      <TextInput label="Name" value={form.name} maxLength={128} placeholder="app and version" onChange={({ currentTarget }) => change({ name: currentTarget.value })} />
    </fieldset>
  );
}
