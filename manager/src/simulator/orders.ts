import type { SimAct } from '@pier/shared/api';
import type { SimOrder } from '@pier/shared/hardware';

type Act<K extends SimAct['act']> = Extract<SimAct, { act: K }>;

const orders: { readonly [K in SimAct['act']]: (act: Act<K>) => SimOrder } = {
  press: ({ part, ms }) => ({ op: 'press', part, ms }),
  level: ({ line, level }) => ({ op: 'outside', line, level }),
  'set-part': ({ part, values }) => ({ op: 'part', name: part, values }),
  unplug: ({ port }) => ({ op: 'unplug', port }),
  plug: ({ port }) => ({ op: 'plug', port }),
  fault: ({ port, fault, count }) => ({ op: 'serialFault', port, fault, ...(count !== undefined && { count }) }),
};

/** What a person does, in the words of the board's socket. */
export function orderOf<K extends SimAct['act']>(act: Act<K>): SimOrder {
  const order: (typeof orders)[K] = orders[act.act];
  return order(act);
}
