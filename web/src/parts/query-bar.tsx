/** The query of a page: parsed conditions as chips, free text at their end, the live count at the right. */
import { type KeyboardEvent, type ReactNode, type Ref, useId, useState } from 'react';
import type { Fault } from '@pier/shared/core';
import { count as said } from '../words/index.ts';
import { Icon } from './icon.tsx';
import { type WrongText, readTyped, shapeOf, suggestions, withPart, withoutPart } from './query-text.ts';
import './query-bar.css';

/** A condition that is not part of the selector, such as a rollout that a link named. */
export type QueryChip = { readonly name: string; readonly does?: string; readonly value: string; readonly onRemove: () => void };

export type QueryBarProps = {
  /** The selector; empty for all devices. */
  readonly value: string;
  readonly onChange: (selector: string) => void;
  readonly label: string;
  readonly count?: { readonly matched: number; readonly total: number } | undefined;
  /** What the manager said of it. */
  readonly fault?: Fault | undefined;
  readonly inputRef?: Ref<HTMLInputElement>;
  /** Whole conditions that can be proposed: `site=dunmore`. */
  readonly suggest?: readonly string[];
  /** Part of an id or a name; words without an operator become it. Without `onSearch` they are a mistake. */
  readonly search?: string | undefined;
  readonly onSearch?: (words: string | undefined) => void;
  readonly more?: readonly QueryChip[];
  /** Said in the empty bar, where it does not mean all devices. */
  readonly placeholder?: string;
  /** The key that leads here, where the page has one. */
  readonly hint?: string;
};

const none: readonly never[] = [];

export function QueryBar(props: QueryBarProps): ReactNode {
  const { value, label, fault, inputRef, suggest = none } = props;
  const id = useId();
  // Open from the first key or the focus on; shut by what takes a condition, or it would lie over the rows that this brought.
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const { text, whole, wrong, type, commit } = useTyped(props);
  const chips = chipsOf(props, whole);
  const proposed = open && !whole ? suggestions(suggest, text, chips.map((chip) => chip.text)) : none;
  const show = (list: boolean): void => {
    setOpen(list);
    setAt(-1);
  };
  const take = (one: string): void => {
    commit(one);
    show(false);
  };
  const keyed = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && !open) setOpen(true);
    else if (step !== undefined && proposed.length > 0) {
      event.preventDefault();
      setAt((was) => Math.max(-1, Math.min(proposed.length - 1, was + step)));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(proposed[at] ?? text);
    } else if (event.key === 'Backspace' && text === '') chips.at(-1)?.onRemove();
    else if (event.key === 'Escape') {
      if (text === '' || whole) (event.currentTarget as HTMLElement).blur();
      else type('');
      setAt(-1);
    }
  };
  return (
    <div className="query">
      <div className="query-bar" data-wrong={wrong !== undefined || undefined}>
        <Icon name="search" />
        {chips.length > 0 && <Chips chips={chips} label={label} />}
        <div className="query-typed">
          <input
            ref={inputRef}
            className="query-input"
            role="combobox"
            aria-label={label}
            aria-expanded={proposed.length > 0}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={proposed[at] === undefined ? undefined : `${id}-${at}`}
            aria-invalid={wrong !== undefined || undefined}
            aria-describedby={wrong || fault ? `${id}-wrong` : undefined}
            placeholder={(chips.length === 0 ? props.placeholder : undefined) ?? placeholder(chips.length, props.onSearch !== undefined)}
            value={text}
            {...plain}
            onKeyDown={keyed}
            onFocus={() => setOpen(true)}
            onBlur={() => take(text)}
            onChange={({ currentTarget }) => {
              type(currentTarget.value);
              show(true);
            }}
          />
          <Proposed id={id} proposed={proposed} at={at} onPick={take} />
        </div>
        <Counted {...props} />
      </div>
      <Wrong id={`${id}-wrong`} wrong={wrong} text={text} fault={fault} value={value} />
    </div>
  );
}

/** A query is no prose. */
const plain = { autoComplete: 'off', autoCapitalize: 'off', spellCheck: false, maxLength: 2_000 } as const;

function Counted({ count, hint }: Pick<QueryBarProps, 'count' | 'hint'>): ReactNode {
  return (
    <>
      {count && <span className="query-count"><span className="strong">{said(count.matched)}</span> of {said(count.total)}</span>}
      {hint !== undefined && <kbd className="query-hint">{hint}</kbd>}
    </>
  );
}

function Proposed({ id, proposed, at, onPick }: { id: string; proposed: readonly string[]; at: number; onPick: (one: string) => void }): ReactNode {
  return (
    <div id={`${id}-list`} className="query-list" role="listbox" aria-label="Conditions that are known" hidden={proposed.length === 0}>
      {proposed.map((one, index) => (
        <div key={one} id={`${id}-${index}`} role="option" aria-selected={index === at} onPointerDown={(event) => {
          // The field keeps the focus, so that what was typed is replaced and not committed.
          event.preventDefault();
          onPick(one);
        }}>{one}</div>
      ))}
    </div>
  );
}

/** What is typed and not yet part of the query. In a text that is more than a conjunction, that is the whole of it. */
function useTyped({ value, onChange, onSearch }: QueryBarProps): { text: string; whole: boolean; wrong: WrongText | undefined; type: (text: string) => void; commit: (text: string) => void } {
  const shape = shapeOf(value);
  const whole = shape.kind !== 'parts';
  const [typed, setTyped] = useState({ of: value, whole, text: whole ? value : '', tried: shape.kind === 'wrong' });
  // The query became another one, from a chip, a tab or a link: a text that stood for all of the old one is old too.
  if (typed.of !== value) setTyped({ of: value, whole, text: whole ? value : typed.whole ? '' : typed.text, tried: shape.kind === 'wrong' });
  const { text } = typed;
  const read = readTyped(text, onSearch !== undefined && !whole);
  const type = (next: string): void => setTyped({ of: value, whole, text: next, tried: false });
  const commit = (next: string): void => {
    const found = readTyped(next, onSearch !== undefined && !whole);
    if (found.kind === 'wrong') setTyped({ of: value, whole, text: next, tried: true });
    else if (whole) onChange(found.kind === 'selector' && found.text !== 'all' ? found.text : '');
    else if (found.kind !== 'nothing') {
      type('');
      if (found.kind === 'words') onSearch?.(found.words);
      else onChange(withPart(value, found.text));
    }
  };
  return { text, whole, wrong: typed.tried && read.kind === 'wrong' ? read : undefined, type, commit };
}

function placeholder(conditions: number, searches: boolean): string {
  if (conditions > 0) return searches ? 'add a condition, or type words' : 'add a condition';
  return searches ? 'a condition such as site=harbour, or words of an id or name' : 'a condition such as site=harbour; empty means all devices';
}

type Chip = QueryChip & { readonly text: string };

function chipsOf({ value, onChange, search, onSearch, more = none }: QueryBarProps, whole: boolean): Chip[] {
  const shape = shapeOf(value);
  const parts = whole || shape.kind !== 'parts' ? none : shape.parts;
  return [
    ...parts.map(({ key, does, value: of, text }, place) => ({ name: key, does, value: of, text, onRemove: () => onChange(withoutPart(value, place)) })),
    ...(search === undefined ? none : [{ name: 'id or name', does: 'has', value: search, text: '', onRemove: () => onSearch?.(undefined) }]),
    ...more.map((chip) => ({ ...chip, text: '' })),
  ];
}

function Chips({ chips, label }: { chips: readonly Chip[]; label: string }): ReactNode {
  return (
    <ul className="query-chips" aria-label={`${label}: conditions`}>
      {chips.map(({ name, does, value, onRemove }, index) => (
        <li key={`${name} ${does} ${value}`}>
          {index > 0 && <span className="query-and">and</span>}
          <span className="query-chip">
            <span>{name}</span>
            {does !== undefined && <span className="query-does">{does}</span>}
            {value !== '' && <span className="query-value">{value}</span>}
            <button type="button" onClick={onRemove} aria-label={`Remove ${[name, does, value].filter(Boolean).join(' ')}`}><Icon name="cross" size={9} /></button>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The mistake under the bar, with its place marked; a place behind the end is a gap that waits. */
function Wrong({ id, wrong, text, fault, value }: { id: string; wrong: WrongText | undefined; text: string; fault: Fault | undefined; value: string }): ReactNode {
  if (wrong) {
    return (
      <p id={id} className="query-wrong" role="alert">
        <code>{text.slice(0, wrong.at)}<mark>{text.slice(wrong.at, wrong.at + 1) || '\u00a0'}</mark>{text.slice(wrong.at + 1)}</code> {wrong.says}
      </p>
    );
  }
  return fault ? <p id={id} className="query-wrong" role="alert"><code>{value}</code> {fault.message} <code>{fault.code}</code></p> : null;
}
