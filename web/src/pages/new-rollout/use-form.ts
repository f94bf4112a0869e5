import { useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { systemClock } from '@pier/shared/core';
import { dropDraft, keepDraft, readDraft } from './draft.ts';
import { type Form, newForm } from './form.ts';

export type FormState = { readonly form: Form; /** When it was last kept; undefined while nothing was typed. */ readonly savedMs: number | undefined; readonly change: (next: Partial<Form>) => void; readonly discard: () => void };

/** The form, kept for this tab as it is typed. A link may name the release and the devices; they go before what was kept. */
export function useForm(): FormState {
  const [search, setSearch] = useSearchParams();
  const [state, setState] = useState(() => {
    const draft = readDraft(window.sessionStorage);
    return { form: { ...(draft?.form ?? newForm()), ...linked(search) }, savedMs: draft?.savedMs };
  });
  const linkedHere = search.size > 0;
  useEffect(() => {
    // Taken over: a reload must not bring back what was changed since.
    if (linkedHere) setSearch({}, { replace: true });
  }, [linkedHere, setSearch]);
  return useMemo(() => ({
    ...state,
    change: (next) => setState(({ form }) => {
      const draft = { form: { ...form, ...next }, savedMs: systemClock.nowMs() };
      keepDraft(window.sessionStorage, draft);
      return draft;
    }),
    discard: () => {
      dropDraft(window.sessionStorage);
      setState({ form: newForm(), savedMs: undefined });
    },
  }), [state]);
}

function linked(search: URLSearchParams): Partial<Form> {
  const of = (name: string): string => search.get(name) ?? '';
  const [release, devices, selector] = [of('release'), of('devices'), of('selector') || of('q')];
  return {
    ...(release !== '' && { release }),
    ...(selector !== '' && (selector === 'all' ? { who: 'all' as const } : { selector, who: 'selector' as const })),
    ...(devices !== '' && { devices, who: 'devices' as const }),
  };
}
