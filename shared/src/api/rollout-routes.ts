import * as z from 'zod';
import { AppName } from '../core/index.ts';
import { PageQuery, byId, page, yesNo } from './common.ts';
import { Contrast, Deployment, DeploymentState, Forecast, Progress, Rollout, RolloutAct, RolloutPlan, VerbPreview } from './rollout-models.ts';
import { route } from './route.ts';
import { WhyCounts } from './why-models.ts';

/** The routes under /rollouts. */
export const rolloutRoutes = {
  listRollouts: route({ method: 'GET', path: '/rollouts', permission: 'viewer', summary: 'Rollouts, newest first', query: PageQuery.extend({ app: AppName.optional(), release: z.string().min(1).max(64).optional(), /** Those that still do something, or wait for a person: neither completed, denied, aborted nor rolled back. */ live: yesNo.optional() }), status: 200, response: page(Rollout) }),
  getRollout: route({ method: 'GET', path: '/rollouts/:id', permission: 'viewer', summary: 'One rollout with its waves and counts', ...byId, status: 200, response: Rollout }),
  listDeployments: route({ method: 'GET', path: '/rollouts/:id/deployments', permission: 'viewer', summary: "A rollout's deployments, by device", ...byId, query: PageQuery.extend({ wave: z.coerce.number().int().min(1).max(100).optional(), state: DeploymentState.optional() }), status: 200, response: page(Deployment) }),
  whyRollout: route({ method: 'GET', path: '/rollouts/:id/why', permission: 'viewer', summary: 'Its devices that are not proven, counted by reason', ...byId, status: 200, response: WhyCounts }),
  contrastRollout: route({ method: 'GET', path: '/rollouts/:id/contrast', permission: 'viewer', summary: 'What its devices that ended badly have in common, against those that are proven', ...byId, status: 200, response: Contrast }),
  progressRollout: route({ method: 'GET', path: '/rollouts/:id/progress', permission: 'viewer', summary: 'Its proven devices over time', ...byId, status: 200, response: Progress }),
  forecastRollout: route({ method: 'POST', path: '/rollout-forecast', permission: 'operator', summary: 'What a rollout would do; starts nothing', body: RolloutPlan, status: 200, response: Forecast }),
  createRollout: route({ method: 'POST', path: '/rollouts', permission: 'operator', summary: 'Starts a rollout of a release in waves', body: RolloutPlan, status: 201, response: Rollout }),
  previewRollout: route({ method: 'GET', path: '/rollouts/:id/verbs', permission: 'viewer', summary: 'What each verb would do to it now, with the number of devices that it hits; exclude and retry of those that are named, by comma', ...byId, query: z.strictObject({ devices: z.string().max(20_000).optional() }), status: 200, response: z.object({ revision: z.int(), items: z.array(VerbPreview) }) }),
  actOnRollout: route({ method: 'POST', path: '/rollouts/:id/acts', permission: 'operator', summary: 'Does one of the verbs', ...byId, body: RolloutAct, ifMatch: true, status: 200, response: Rollout }),
} as const;
