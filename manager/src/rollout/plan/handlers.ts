import { invariant } from '@pier/shared/core';
import type { Handlers } from '../../http/index.ts';
import { type RolloutDeps, createRollout } from '../create.ts';
import { oneRollout } from '../store.ts';
import { showRollouts } from '../view.ts';
import { assignByHand, releaseHold } from './by-hand.ts';
import { forecastRollout } from './forecast.ts';

/** The routes on which a person says what devices are to run. */
export function planHandlers(deps: RolloutDeps): Pick<Handlers, 'createRollout' | 'forecastRollout' | 'assignApp' | 'releaseApp'> {
  return {
    forecastRollout: ({ body }) => forecastRollout(deps, body),
    createRollout: async ({ body, actor }) => {
      const found = await oneRollout(deps.db, await createRollout(deps, body, actor.name));
      const [shown] = found ? await showRollouts(deps.db, [found]) : [];
      invariant(shown, 'the rollout that was just stored is not there');
      return shown;
    },
    assignApp: (request) => assignByHand(deps, request),
    releaseApp: (request) => releaseHold(deps, request),
  };
}
