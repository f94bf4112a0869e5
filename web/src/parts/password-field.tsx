import { TextInput } from '@mantine/core';
import { type ReactNode, type Ref, useState } from 'react';
import './password-field.css';

/** What the manager asks of a new password. */
const charactersMin = 12;

type Props = {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly onChange: (next: string) => void;
  /** A new one says how long it has to be, and how long it is so far. */
  readonly isNew?: boolean;
  readonly error?: string | undefined;
  readonly inputRef?: Ref<HTMLInputElement>;
  /** Has the focus when the dialog opens that it stands in. */
  readonly first?: boolean;
};

/** A password, to be typed unseen or seen. */
export function PasswordField({ label, name, value, onChange, isNew = false, error, inputRef, first = false }: Props): ReactNode {
  const [seen, setSeen] = useState(false);
  const word = seen ? 'Hide' : 'Show';
  const length = value === '' || value.length >= charactersMin ? `${charactersMin} characters or more` : `${charactersMin} characters or more; ${value.length} so far`;
  return (
    <TextInput
      label={label}
      name={name}
      type={seen ? 'text' : 'password'}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      autoComplete={isNew ? 'new-password' : 'current-password'}
      autoCapitalize="none"
      spellCheck={false}
      required
      withAsterisk={false}
      ref={inputRef}
      rightSection={<button type="button" className="password-show" aria-label={`${word} ${label.toLowerCase()}`} onClick={() => setSeen(!seen)}>{word}</button>}
      rightSectionWidth={60}
      rightSectionPointerEvents="all"
      {...(isNew && { description: length })}
      {...(error !== undefined && { error })}
      {...(first && { 'data-autofocus': true })}
    />
  );
}

/** Why this is no password yet; undefined where it is one. */
export function whyNotPassword(value: string): string | undefined {
  if (value.length >= charactersMin) return undefined;
  return value === '' ? 'Type a password.' : `A password has ${charactersMin} characters or more; this has ${value.length}.`;
}
