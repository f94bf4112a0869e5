import { existingDevice } from '../device/index.ts';
import type { Handlers } from '../http/index.ts';
import { type WhyDeps, whyOfDevices, whyOfRollout } from './why.ts';

/** "Why not updated?", of a device and of a rollout. */
export function whyHandlers(deps: WhyDeps): Pick<Handlers, 'whyDevice' | 'whyRollout'> {
  return {
    whyDevice: async ({ params: { device }, query: { app } }) => {
      await existingDevice(deps.db, device);
      return { items: [...((await whyOfDevices(deps, [device], app)).get(device) ?? [])] };
    },
    whyRollout: async ({ params }) => whyOfRollout(deps, params.id),
  };
}
