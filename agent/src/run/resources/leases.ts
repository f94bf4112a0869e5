/** The accident this stops: two apps on one line, or on one serial port under two names of it. */
import { basename, dirname, join } from 'node:path';
import { type AppName, Fault } from '@pier/shared/core';
import type { Bindings, Grant, LineRef } from '@pier/shared/capability';
import { realPort } from './real-port.ts';

export const keyOf = (at: LineRef): string => `${at.chip}/${at.line}`;

export type Conflict = { readonly code: 'line-busy' | 'port-busy'; readonly key: string; readonly holder: AppName; readonly what: string };

/** Which app has which line and port; each belongs to one app at a time. */
export type Leases = {
  /** The app that stands in the way of this grant, and where. */
  conflict(app: AppName, grant: Pick<Grant, 'gpio' | 'serial'>): Conflict | undefined;
  /** Takes all of a grant, or nothing. Faults: `line-busy` and `port-busy` naming the holder. */
  take(app: AppName, grant: Pick<Grant, 'gpio' | 'serial'>): Disposable;
  /** Takes the device that a port's name means now, which may be another than when the guest started. Faults: `port-busy`. */
  takePort(app: AppName, path: string): Disposable;
};

type Want = { readonly code: Conflict['code']; readonly key: string; readonly what: string };

export function createLeases(): Leases {
  /** An app may hold one thing several times: by its grant, and by the port that is open. */
  const holders = new Map<string, { readonly app: AppName; count: number }>();
  const conflict = (app: AppName, wants: readonly Want[]): Conflict | undefined => {
    for (const { code, key, what } of wants) {
      const holder = holders.get(key);
      if (holder && holder.app !== app) return { code, key, holder: holder.app, what };
    }
    return undefined;
  };
  const take = (app: AppName, wants: readonly Want[]): Disposable => {
    const busy = conflict(app, wants);
    if (busy) throw busyFault(busy, app);
    for (const { key } of wants) {
      const held = holders.get(key) ?? { app, count: 0 };
      held.count += 1;
      holders.set(key, held);
    }
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        for (const { key } of wants) release(key);
      },
    };
  };
  const release = (key: string): void => {
    const held = holders.get(key);
    if (held) held.count -= 1;
    if (held?.count === 0) holders.delete(key);
  };
  return {
    conflict: (app, grant) => conflict(app, wantsOf(grant)),
    take: (app, grant) => take(app, wantsOf(grant)),
    takePort: (app, path) => take(app, portWants(path)),
  };
}

/** Whether bindings name what the conflict is about: if those of its holder do not any more, it is about to be free. */
export function isNamed({ key }: Conflict, bindings: Bindings): boolean {
  return Object.values(bindings).some((binding) => (binding.kind === 'gpio' ? keyOf(binding) === key : binding.kind === 'serial' && portWants(binding.path).some((want) => want.key === key)));
}

export function busyFault({ code, what, holder }: Conflict, app: AppName): Fault {
  return new Fault(code, `${what} is held by app "${holder}"; "${app}" cannot have it too`, { holder });
}

function wantsOf({ gpio, serial }: Pick<Grant, 'gpio' | 'serial'>): Want[] {
  return [...gpio.map(({ at }): Want => ({ code: 'line-busy', key: keyOf(at), what: `${at.chip} line ${at.line}` })), ...serial.flatMap(({ path }) => portWants(path))];
}

/** A port is kept under its name, which stays when the cable is pulled, and as the device that the name means now. */
function portWants(path: string): Want[] {
  const real = realPort(path);
  const name = join(realPort(dirname(path)), basename(path));
  return [...new Set([name, real])].map((key) => ({ code: 'port-busy', key: `port ${key}`, what: real === path ? path : `${path} (${real})` }));
}
