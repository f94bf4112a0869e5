import { useQueries } from '@tanstack/react-query';
import type { Device } from '@pier/shared/api';
import { useApi } from '../../api/index.ts';
import { type Form, idsOf, type Read, planOf } from './form.ts';
import { type Named, namedDevices } from './named.ts';
import { useSettled } from './use-settled.ts';

/** More are pasted or handed over by a link, and are ids. */
const lookedUpMax = 20;

/** The plan of the form, with names of devices looked up once the hand rests. */
export function usePlan(form: Form): { readonly read: Read; readonly named: Named | undefined } {
  const api = useApi();
  const typed = form.who === 'devices' ? form.devices : '';
  const settled = useSettled(typed, 300);
  const words = idsOf(settled);
  const asked = words.length > lookedUpMax ? [] : words.filter((word) => word.length <= 64);
  const { found, waits } = useQueries({
    queries: asked.map((search) => ({
      queryKey: ['listDevices', { query: { search, limit: 100 } }],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.call('listDevices', { query: { search, limit: 100 } }, signal),
    })),
    combine: (answers: readonly { data: { items: readonly Device[] } | undefined; isPending: boolean }[]) => ({
      found: new Map(asked.flatMap((word, index) => { const items = answers[index]?.data?.items; return items === undefined ? [] : [[word, items] as const]; })),
      waits: answers.some(({ isPending }) => isPending),
    }),
  });
  if (form.who !== 'devices' || words.length === 0) return { read: planOf(form), named: undefined };
  if (waits || typed !== settled) return { read: withWrong(form, [{ field: 'devices', says: 'they are being looked up' }]), named: undefined };
  const named = namedDevices(words, found);
  return { named, read: named.wrong.length > 0 ? withWrong(form, named.wrong) : planOf({ ...form, devices: named.ids.join(',') }) };
}

function withWrong(form: Form, wrong: Named['wrong']): Read {
  const read = planOf(form);
  return { ok: false, wrong: [...wrong, ...(read.ok ? [] : read.wrong.filter(({ field }) => field !== 'devices'))] };
}
