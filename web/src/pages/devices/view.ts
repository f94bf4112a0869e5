/** What the page shows, as its address has it: which devices, in which order, with which columns. */
import { type CallOf, DeploymentState, type Device, DeviceStanding, DeviceState } from '@pier/shared/api';
import { Fault } from '@pier/shared/core';
import { matches, parseSelector } from '@pier/shared/selector';

export const orders = ['id', 'heard', 'standing'] as const;
export type Order = (typeof orders)[number];

export const columnIds = ['why', 'apps', 'site', 'model', 'agent', 'heard', 'tags', 'id'] as const;
export type ColumnId = (typeof columnIds)[number];
export const usualColumns: readonly ColumnId[] = ['why', 'apps', 'site', 'model', 'agent', 'heard'];

export type DevicesView = {
  /** Empty for all. */
  readonly selector: string;
  readonly search: string | undefined;
  readonly standing: readonly DeviceStanding[];
  readonly state: DeviceState | undefined;
  readonly online: 'true' | 'false' | undefined;
  readonly app: string | undefined;
  readonly rollout: string | undefined;
  /** Of the rollout; without one they mean nothing. */
  readonly deployment: readonly DeploymentState[];
  readonly order: Order;
  readonly columns: readonly ColumnId[];
  /** The saved view from which this one came. */
  readonly view: string | undefined;
};

/** Which devices, as the API is asked. */
export type Which = NonNullable<CallOf<'countDevices'>['query']>;

/** Words that nobody knows are left out: an old link shows more, not an error. */
export function viewOf(params: URLSearchParams): DevicesView {
  const text = (name: string): string | undefined => params.get(name) || undefined;
  const words = <T extends string>(name: string, known: readonly T[]): T[] => (params.get(name) ?? '').split(',').flatMap((word) => known.find((one) => one === word) ?? []);
  const [order = 'id'] = words('order', orders);
  const [state] = words('state', DeviceState.options);
  const [online] = words('online', ['true', 'false'] as const);
  return {
    selector: text('q') ?? '',
    search: text('search')?.slice(0, searchCharsMax),
    standing: words('standing', DeviceStanding.options),
    state,
    online,
    app: text('app'),
    rollout: text('rollout'),
    deployment: text('rollout') === undefined ? [] : words('deployment', DeploymentState.options),
    order,
    columns: params.has('columns') ? words('columns', columnIds) : usualColumns,
    view: text('view'),
  };
}

export const searchCharsMax = 64;

/** The address of a view; what is usual is left out. */
export function paramsOf(view: DevicesView): URLSearchParams {
  const { selector, search, standing, state, online, app, rollout, deployment, order, columns, view: name } = view;
  const usual = columns.join() === usualColumns.join();
  const parts = { q: selector, search, standing: standing.join(), state, online, app, rollout, deployment: rollout === undefined ? '' : deployment.join(), order: order === 'id' ? '' : order, view: name };
  const params = new URLSearchParams(Object.entries(parts).flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value]])));
  // No column at all is a choice too.
  if (!usual) params.set('columns', columns.join());
  return params;
}

export function whichOf({ selector, search, standing, state, online, app, rollout, deployment }: DevicesView): Which {
  return {
    ...(selector !== '' && { selector }),
    ...(search !== undefined && { search }),
    ...(standing.length > 0 && { standing: standing.join() }),
    ...(state !== undefined && { state }),
    ...(online !== undefined && { online }),
    ...(app !== undefined && { app }),
    ...(rollout !== undefined && { rollout }),
    ...(rollout !== undefined && deployment.length > 0 && { deployment: deployment.join() }),
  };
}

/** All that narrows it taken out; order and columns stay. */
export function widest(view: DevicesView): DevicesView {
  return { ...view, selector: '', search: undefined, standing: [], state: undefined, online: undefined, app: undefined, rollout: undefined, deployment: [], view: undefined };
}

/** The selector that says all of it, where a selector alone can. */
export function soleSelector(view: DevicesView): string | undefined {
  const { selector, ...more } = whichOf(view);
  return Object.keys(more).length > 0 ? undefined : (selector ?? 'all');
}

/** Why the selector cannot be asked with; undefined where it can. */
export function unreadable({ selector }: DevicesView): Fault | undefined {
  if (selector === '') return undefined;
  try {
    parseSelector(selector);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  return undefined;
}

/** Whether a device is still among those that the view asks for, as far as its row tells: apps and rollouts are not in it. */
export function fitter(view: DevicesView): (device: Device) => boolean {
  const selector = view.selector === '' || unreadable(view) ? undefined : parseSelector(view.selector);
  const part = view.search?.toLowerCase();
  return (device) =>
    (selector === undefined || matches(selector, device)) &&
    (part === undefined || device.id.includes(part) || device.name.toLowerCase().includes(part)) &&
    (view.standing.length === 0 || view.standing.includes(device.standing)) &&
    (view.state === undefined || device.state === view.state) &&
    (view.online === undefined || String(device.online) === view.online);
}
