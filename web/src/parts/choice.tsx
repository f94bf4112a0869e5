import { type ReactNode, useId } from 'react';
import './choice.css';

export type ChoiceOption = { readonly value: string; readonly label: string };
type Props = {
  readonly label: string;
  /** Said to screen readers only, where what is chosen says enough. */
  readonly labelQuiet?: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly (ChoiceOption | { readonly group: string; readonly options: readonly ChoiceOption[] })[];
  readonly describedBy?: string | undefined;
};

/** One of a few: the browser's own list, which every phone and screen reader knows. */
export function Choice({ label, labelQuiet = false, value, onChange, options, describedBy }: Props): ReactNode {
  const id = useId();
  return (
    <span className="choice">
      <label htmlFor={id} className={labelQuiet ? 'sr-only' : 'choice-label'}>{label}</label>
      <select id={id} value={value} aria-describedby={describedBy} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {options.map((one) => ('group' in one ? <optgroup key={one.group} label={one.group}>{one.options.map(optionOf)}</optgroup> : optionOf(one)))}
      </select>
    </span>
  );
}

const optionOf = ({ value, label }: ChoiceOption): ReactNode => <option key={value} value={value}>{label}</option>;
