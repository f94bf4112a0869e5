import { Fault } from '@pier/shared/core';
import type { Handlers } from '../http/index.ts';
import { type WhyDeps, whyOfDevices, whyOfRollout } from './why.ts';

/** "Why not updated?", of a device and of a rollout. */
export function whyHandlers(deps: WhyDeps): Pick<Handlers, 'whyDevice' | 'whyRollout'> {
  return {
    whyDevice: async ({ params: { device }, query: { app } }) => {
      const items = (await whyOfDevices(deps, [device], app)).get(device);
      if (items === undefined) throw new Fault('not-found', `there is no device "${device}"`);
      return { items: [...items] };
    },
    whyRollout: async ({ params }) => whyOfRollout(deps, params.id),
  };
}
