import { Button, Switch, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, type RefObject, useState } from 'react';
import { Icon, Moment } from '../../parts/index.ts';
import { type FilterName, type Filters, type View, filterNames, filterWords, localOf, momentOf } from './view.ts';

const hints: Readonly<Record<FilterName, string>> = { actor: 'ada', action: 'rollout.pause', object: 'device:…', since: '' };

/** Narrowed by a small form; what is narrowed stands as chips below it, each to be taken away. */
export function AuditFilters({ view, actions, firstRef }: { view: View; actions: readonly string[]; firstRef: RefObject<HTMLInputElement | null> }): ReactNode {
  const { filters, steps, drop, showSteps } = view;
  const set = filterNames.flatMap((name) => (filters[name] === undefined ? [] : [[name, filters[name]] as const]));
  return (
    <div className="audit-filters">
      <FilterForm key={JSON.stringify(filters)} view={view} actions={actions} firstRef={firstRef} />
      <div className="audit-chips">
        {set.map(([name, value]) => (
          <span key={name} className="chip">
            {filterWords[name].toLowerCase()} {name === 'since' && localOf(value) !== '' ? <Moment at={value} /> : value}
            <button type="button" className="audit-drop" aria-label={`Take away: ${filterWords[name]} ${value}`} onClick={() => drop(name)}><Icon name="cross" size={10} /></button>
          </span>
        ))}
        <Switch size="xs" checked={steps} onChange={({ currentTarget }) => showSteps(currentTarget.checked)} label="With each device’s steps in rollouts" />
      </div>
    </div>
  );
}

function FilterForm({ view: { filters, narrow }, actions, firstRef }: { view: View; actions: readonly string[]; firstRef: RefObject<HTMLInputElement | null> }): ReactNode {
  const [typed, setTyped] = useState<Filters>({ ...filters, since: localOf(filters.since) });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const since = momentOf(typed.since ?? '');
    narrow({ actor: typed.actor?.trim() ?? '', action: typed.action?.trim() ?? '', object: typed.object?.trim() ?? '', ...(since !== undefined && { since }) });
  };
  return (
    <form className="audit-form" onSubmit={submit} role="search" aria-label="Narrow the audit">
      {filterNames.map((name, index) => (
        <TextInput
          key={name}
          label={filterWords[name]}
          placeholder={hints[name]}
          value={typed[name] ?? ''}
          type={name === 'since' ? 'datetime-local' : 'text'}
          autoComplete="off"
          spellCheck={false}
          {...(index === 0 && { ref: firstRef })}
          {...(name === 'action' && { list: 'audit-actions' })}
          onChange={({ currentTarget: { value } }) => setTyped((was) => ({ ...was, [name]: value }))}
        />
      ))}
      <datalist id="audit-actions">{actions.map((action) => <option key={action} value={action}>{action}</option>)}</datalist>
      <Button type="submit" leftSection={<Icon name="filter" />}>Narrow</Button>
    </form>
  );
}
