import { type AppName, type Clock, type DeviceId, type Log, toFault } from '@pier/shared/core';
import { topics } from '@pier/shared/wire';
import type { Publish } from '../device/index.ts';

const leaseS = 60;
const renewMs = 20_000;
const leasesMax = 5_000;

type Kind = 'logLease' | 'telemetryLease';

/** Tells devices that somebody looks at what an app streams: for a minute each time, said again at most every 20 s. */
export class Leases {
  readonly #deps: { readonly clock: Clock; readonly log: Log; readonly publish: Publish };
  /** When each was last said; the one said longest ago comes first. */
  readonly #saidAtMs = new Map<string, number>();

  constructor(deps: { readonly clock: Clock; readonly log: Log; readonly publish: Publish }) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#saidAtMs.size;
  }

  /** A lease that cannot be said now is said when somebody asks again: what is there already is shown all the same. */
  async renew(kind: Kind, device: DeviceId, app: AppName): Promise<void> {
    const { clock, log, publish } = this.#deps;
    const key = `${kind}/${device}/${app}`;
    const nowMs = clock.monotonicMs();
    const saidAtMs = this.#saidAtMs.get(key);
    if (saidAtMs !== undefined && nowMs - saidAtMs < renewMs) return;
    this.#saidAtMs.delete(key);
    this.#saidAtMs.set(key, nowMs);
    const [longest] = this.#saidAtMs.keys();
    if (this.#saidAtMs.size > leasesMax && longest !== undefined) this.#saidAtMs.delete(longest);
    try {
      await publish(topics[kind].of({ device }), JSON.stringify({ app, for: leaseS }), { qos: 0 });
      if (kind === 'logLease') log.debug({ device, app }, 'step.log-lease-published');
    } catch (error) {
      this.#saidAtMs.delete(key);
      log.warn({ device, app, error: toFault(error).message }, 'lease.not-published');
    }
  }
}
