/** What the audit is narrowed to; all of it stands in the address. */
import { useSearchParams } from 'wouter';
import type { AuditRecord } from '@pier/shared/api';

export const filterNames = ['actor', 'action', 'object', 'since'] as const;
export type FilterName = (typeof filterNames)[number];
/** What people call them; the API's names stand in the address. */
export const filterWords: Readonly<Record<FilterName, string>> = { actor: 'Who', action: 'Action', object: 'About', since: 'Since' };
export type Filters = Partial<Record<FilterName, string>>;

export type View = {
  readonly filters: Filters;
  /** Whether the steps of single devices in rollouts are shown among the rest. */
  readonly steps: boolean;
  readonly narrow: (change: Filters) => void;
  readonly drop: (name: FilterName) => void;
  readonly showSteps: (on: boolean) => void;
};

export function useView(): View {
  const [search, setSearch] = useSearchParams();
  const filters: Filters = Object.fromEntries(filterNames.flatMap((name) => (search.get(name) ? [[name, search.get(name)]] : [])));
  const change = (act: (parts: URLSearchParams) => void): void => {
    setSearch((was) => {
      const parts = new URLSearchParams(was);
      act(parts);
      return parts;
    }, { replace: true });
  };
  return {
    filters,
    steps: search.get('steps') === 'shown' || asksForSteps(filters),
    narrow: (next) => change((parts) => filterNames.forEach((name) => (next[name] ? parts.set(name, next[name]) : parts.delete(name)))),
    drop: (name) => change((parts) => parts.delete(name)),
    showSteps: (on) => change((parts) => (on ? parts.set('steps', 'shown') : parts.delete('steps'))),
  };
}

/** One device's way through one rollout: most of the records, and seldom what is looked for. */
export function isStep({ action }: Pick<AuditRecord, 'action'>): boolean {
  return action.startsWith('deployment.');
}

/** Whoever narrows the audit to steps wants to see them. */
export function asksForSteps({ actor = '', action = '', object = '' }: Filters): boolean {
  return action.startsWith('deployment.') || object.startsWith('deployment:') || actor.startsWith('device:');
}

/** `2026-11-21T18:30`, the browser's own time, as a moment; undefined where it is none. */
export function momentOf(local: string): string | undefined {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** A moment for a field of the browser's own time, to the minute. */
export function localOf(moment: string | undefined): string {
  const ms = Date.parse(moment ?? '');
  if (Number.isNaN(ms)) return '';
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
