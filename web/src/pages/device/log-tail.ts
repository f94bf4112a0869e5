/** The last lines of an app, asked for again and again after the last one; bounded, and honest about what is missing. */
import { type QueryClient, type UseQueryResult, useQueries } from '@tanstack/react-query';
import type { DeviceDetail, LogView } from '@pier/shared/api';
import { type Api, useApi } from '../../api/index.ts';
import type { LogRow } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';

export const logLinesMax = 5_000;
const everyMs = 1_000;
const askedMax = 1_000;

export type Tail = { readonly rows: readonly LogRow[]; readonly next: string | undefined; readonly dropped: number; /** Lines that came and were let go of, to stay within bounds. */ readonly left: number };
const nothing: Tail = { rows: [], next: undefined, dropped: 0, left: 0 };

/** What came since, behind what was there; a rise of the count of dropped lines is a row between them. */
export function addLines(was: Tail, app: string, { lines, next, dropped }: LogView): Tail {
  const lost = dropped - was.dropped;
  const gap: LogRow[] = lost > 0 ? [{ kind: 'gap', id: `gap ${app} ${next} ${dropped}`, says: `${counted(lost, 'line')} of ${app} dropped on the device: it wrote more than it may` }] : [];
  const rows = [...was.rows, ...gap, ...lines.map(({ id, at, stream, text }): LogRow => ({ kind: 'line', id: `${app} ${id}`, at, app, stream, text }))];
  const over = Math.max(0, rows.length - logLinesMax);
  return { rows: rows.slice(over), next, dropped, left: was.left + over };
}

/** Lines of several apps in the order of their time; a gap stays before the line that it stood before. */
export function mergeTails(tails: readonly Tail[]): LogRow[] {
  const [only, second] = tails;
  if (only !== undefined && second === undefined) return [...only.rows];
  const timed = tails.flatMap(({ rows }) => {
    let at = '';
    return rows.toReversed().map((row) => {
      if (row.kind === 'line') at = row.at;
      return { row, at };
    }).toReversed();
  });
  return timed.toSorted((a, b) => (a.at === '' ? 1 : b.at === '' ? -1 : a.at.localeCompare(b.at))).map(({ row }) => row).slice(-logLinesMax);
}

export type LogAsked = { readonly rows: readonly LogRow[]; readonly left: number; readonly dropped: number; readonly asked: boolean; readonly failed: readonly string[]; readonly again: () => void };

/** The lines of these apps while somebody looks, each second. */
export function useLog({ id }: Pick<DeviceDetail, 'id'>, apps: readonly string[]): LogAsked {
  const api = useApi();
  return useQueries({ queries: apps.map((app) => question(api, id, app)), combine });
}

/** Stands outside, always the same: the lines are put together again only when an answer is renewed. */
function combine(answers: readonly UseQueryResult<Tail>[]): LogAsked {
  const tails = answers.flatMap(({ data }) => (data ? [data] : []));
  const sum = (of: (tail: Tail) => number): number => tails.reduce((all, tail) => all + of(tail), 0);
  return {
    rows: mergeTails(tails),
    left: sum(({ left }) => left),
    dropped: sum(({ dropped }) => dropped),
    asked: answers.every(({ data, error }) => data !== undefined || error !== null),
    failed: answers.flatMap(({ error }) => (error ? [error.message] : [])),
    again: () => {
      for (const answer of answers) void answer.refetch();
    },
  };
}

function question(api: Api, device: string, app: string) {
  const queryKey = ['getLog', { params: { device, app } }, 'tail'];
  return {
    queryKey,
    queryFn: async ({ signal, client }: { signal: AbortSignal; client: QueryClient }): Promise<Tail> => {
      const was = client.getQueryData<Tail>(queryKey) ?? nothing;
      const answer = await api.call('getLog', { params: { device, app }, query: { limit: askedMax, ...(was.next !== undefined && { after: was.next }) } }, signal);
      return answer.lines.length === 0 && answer.dropped === was.dropped && answer.next === was.next ? was : addLines(was, app, answer);
    },
    refetchInterval: everyMs,
    structuralSharing: false as const,
  };
}

/** What is shown, as it is kept in a file. */
export function logText(rows: readonly LogRow[]): string {
  return rows.map((row) => (row.kind === 'gap' ? `--- ${row.says} ---` : `${row.at} ${row.app ?? ''} ${row.stream === 'stderr' ? 'WARN ' : ''}${row.text}`)).map((line) => `${line}\n`).join('');
}

export function linesWords(rows: readonly LogRow[], left: number): string {
  const lines = rows.filter(({ kind }) => kind === 'line').length;
  return left > 0 ? `${counted(lines, 'line')} kept here, ${count(left)} older left out` : counted(lines, 'line');
}

/** How much is shown; where something is searched, in how many places of it that stands. */
export function foundWords({ rows, left }: Pick<LogAsked, 'rows' | 'left'>, hits: number | undefined): string {
  const lines = linesWords(rows, left);
  if (hits === undefined) return lines;
  return hits === 0 ? `Nothing in ${lines} reads so` : `${counted(hits, 'hit')} in ${lines}`;
}

/** Whether new lines come into sight by themselves. */
export function followWords({ online, following }: { readonly online: boolean; readonly following: boolean }): string {
  if (!online) return 'Offline: nothing new comes';
  return following ? 'Following' : 'Standing still';
}

/** The one app that was picked, where the device has it; else all. */
export function appsShown(all: readonly string[], picked: string | undefined): readonly string[] {
  return picked !== undefined && all.includes(picked) ? [picked] : all;
}
