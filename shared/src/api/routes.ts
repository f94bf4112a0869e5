import { accessRoutes } from './access-routes.ts';
import { deviceRoutes } from './device-routes.ts';
import { releaseRoutes } from './release-routes.ts';
import { rolloutRoutes } from './rollout-routes.ts';
import { simulatorRoutes } from './simulator-routes.ts';

/** The public API, one entry a route; everything the CLI and a UI do goes through it. */
export const routes = { ...accessRoutes, ...deviceRoutes, ...releaseRoutes, ...rolloutRoutes, ...simulatorRoutes } as const;
export type Routes = typeof routes;
export type RouteName = keyof Routes;
/** Routes that answer a stream of events instead of one answer. */
export type StreamName = { [N in RouteName]: Routes[N] extends { readonly stream: true } ? N : never }[RouteName];
