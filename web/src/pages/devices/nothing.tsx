/** Nothing matches: which part of the query fails, and what was most likely meant. */
import { Button } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Device } from '@pier/shared/api';
import { parseSelector, selectorText, type Selector } from '@pier/shared/selector';
import { useAnswer, useApi } from '../../api/index.ts';
import { NoMatch } from '../../parts/index.ts';
import { count, counted } from '../../words/index.ts';
import { nearest } from './nearest.ts';
import { type DevicesView, type Which, whichOf } from './view.ts';

type Condition = { readonly says: string; readonly which: Which; readonly selector: Selector | undefined };
const sampleSize = 500;

export function Nothing({ view, total, onChange, onAll }: { view: DevicesView; /** Of the whole fleet. */ total: number | undefined; onChange: (change: Partial<DevicesView>) => void; onAll: () => void }): ReactNode {
  const api = useApi();
  const conditions = conditionsOf(view);
  const answers = useQueries({
    queries: conditions.map(({ which }) => ({ queryKey: ['countDevices', { query: which }], queryFn: ({ signal }: { signal: AbortSignal }) => api.call('countDevices', { query: which }, signal) })),
  });
  const alone = conditions.filter((_, index) => answers[index]?.data?.total === 0);
  const sample = useAnswer('listDevices', { query: { limit: sampleSize } }, { enabled: alone.length > 0 }).data?.items;
  const meant = alone.flatMap((one) => meantBy(one, sample ?? []) ?? []);
  const all = answers.every(({ data }) => data !== undefined);
  const corrected = meant.reduce((text, { from, to }) => text.replace(from, () => to), view.selector);
  const parts = answers.map(({ data }, index) => `${conditions[index]?.says}: ${count(data?.total ?? 0)}`);
  return (
    <div className="region devices-nothing">
      <NoMatch says={saysOf(alone, conditions.length, all)} hidden={all && alone.length === 0 && conditions.length > 1 ? `Each by itself: ${parts.join('; ')}.` : total !== undefined && `It hides all ${counted(total, 'device')}.`}>
        {meant.map(({ from, to }) => <span key={from}>Did you mean <code>{to}</code>?</span>)}
        {meant.length > 0 && <Button variant="default" data-size="compact" onClick={() => onChange({ selector: corrected })}>Use {meant.map(({ to }) => to).join(' and ')}</Button>}
        <Button variant="default" data-size="compact" onClick={onAll}>Show all devices</Button>
      </NoMatch>
    </div>
  );
}

function saysOf(alone: readonly Condition[], of: number, all: boolean): ReactNode {
  if (alone.length > 0) return alone.map(({ says }, index) => <span key={says}>{index > 0 && ', '}<code>{says}</code>{index === alone.length - 1 && ` ${alone.length === 1 ? 'matches' : 'match'} no device.`}</span>);
  return of > 1 && all ? 'No device fits all of these conditions together.' : 'No device matches.';
}

/** Each condition by itself. */
function conditionsOf(view: DevicesView): Condition[] {
  const { selector, rollout, deployment, ...rest } = whichOf(view);
  const read = selector === undefined ? undefined : parseSelector(selector);
  const parts = read === undefined ? [] : read.kind === 'and' ? read.parts : [read];
  return [
    ...parts.map((part) => ({ says: selectorText(part), which: { selector: selectorText(part) }, selector: part })),
    ...(rollout === undefined ? [] : [{ says: deployment === undefined ? `rollout ${rollout}` : `${deployment} in rollout ${rollout}`, which: { rollout, ...(deployment !== undefined && { deployment }) }, selector: undefined }]),
    ...Object.entries(rest).map(([key, value]) => ({ says: key === 'search' ? `“${value}” in id or name` : `${key}=${value}`, which: { [key]: value }, selector: undefined })),
  ];
}

/** The nearest value that some device has, or the nearest tag where none has that. */
function meantBy({ says, selector }: Condition, sample: readonly Device[]): { from: string; to: string } | undefined {
  if (selector?.kind !== 'equals') return undefined;
  const { key, value } = selector;
  const known = key.of === 'tag' ? sample.flatMap(({ tags }) => tags[key.name] ?? []) : key.name === 'online' ? [] : sample.map((device) => device[key.name === 'model' ? 'model' : key.name === 'name' ? 'name' : 'id']);
  const word = nearest(value, known);
  if (word !== undefined) return { from: says, to: selectorText({ ...selector, value: word }) };
  const tag = key.of === 'tag' && known.length === 0 ? nearest(key.name, [...sample.flatMap(({ tags }) => Object.keys(tags)), 'model', 'name', 'online']) : undefined;
  return tag === undefined ? undefined : { from: says, to: `${tag}=${value}` };
}
