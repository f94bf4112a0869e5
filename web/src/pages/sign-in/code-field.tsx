import { TextInput } from '@mantine/core';
import { type ReactNode, type RefObject, useLayoutEffect, useRef } from 'react';
import { placeAfter, readSetupCode, symbolsIn } from './setup-code.ts';

type Props = { readonly value: string; readonly onChange: (next: string) => void; readonly error: string | undefined; readonly inputRef: RefObject<HTMLInputElement | null> };

/** One field for the whole code, which groups itself: pasting, undoing and screen readers meet nothing unusual. */
export function CodeField({ value, onChange, error, inputRef }: Props): ReactNode {
  const caret = useRef<number>(undefined);
  useLayoutEffect(() => {
    if (caret.current === undefined) return;
    inputRef.current?.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  });
  return (
    <TextInput
      className="door-code"
      label="Setup code"
      description={<>It stands on the terminal and in the log of the manager, as <code>access.setup-code</code>. Each start writes a new one.</>}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      name="code"
      placeholder="XXXX-XXXX-XXXX"
      autoComplete="off"
      autoCapitalize="characters"
      spellCheck={false}
      required
      withAsterisk={false}
      ref={inputRef}
      value={value}
      onChange={({ currentTarget: { value: typed, selectionStart } }) => {
        const next = readSetupCode(typed);
        const before = symbolsIn(typed.slice(0, selectionStart ?? typed.length));
        caret.current = Math.min(next.length, placeAfter(before));
        onChange(next);
      }}
      {...(error !== undefined && { error })}
    />
  );
}
