/** The fields of the form: label, value, unit, and what is wrong with it. */
import { type ReactNode, useId } from 'react';
import { duration } from '../../words/index.ts';
import type { Wrong } from './form.ts';

type Props = { readonly label: string; readonly value: string; readonly onChange: (value: string) => void; readonly unit?: string; readonly wrong?: string | undefined; readonly placeholder?: string; readonly labelQuiet?: boolean };

/** A number as it is typed, with its unit; seconds are said as a person says them too. */
export function NumberField({ label, value, onChange, unit, wrong, placeholder, labelQuiet = false }: Props): ReactNode {
  const id = useId();
  const seconds = unit === 's' && /^\d+$/.test(value.trim()) && Number(value) >= 60 ? duration(Number(value) * 1_000) : undefined;
  const said = wrong !== undefined && value.trim() !== '' ? wrong : undefined;
  return (
    <div className="new-rollout-field">
      <label htmlFor={id} className={labelQuiet ? 'sr-only' : undefined}>{label}</label>
      <span className="new-rollout-number" data-wrong={said !== undefined || undefined}>
        <input id={id} inputMode="decimal" autoComplete="off" value={value} placeholder={placeholder} aria-invalid={said !== undefined || undefined} aria-describedby={`${id}-unit`} onChange={({ currentTarget }) => onChange(currentTarget.value)} />
        <span id={`${id}-unit`} className="dim">{unit}{seconds !== undefined && <span className="sr-only">, {seconds}</span>}</span>
      </span>
      {seconds !== undefined && <span className="small dim new-rollout-spoken" aria-hidden="true">{seconds}</span>}
      {said !== undefined && <span className="small new-rollout-wrong" role="alert">{said}</span>}
    </div>
  );
}

/** What is wrong with one field, if anything. */
export function wrongAt(wrong: readonly Wrong[], field: string): string | undefined {
  return wrong.find((one) => one.field === field)?.says;
}
