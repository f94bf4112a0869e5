import * as z from 'zod';
import { byId } from './common.ts';
import { route } from './route.ts';
import { SimAct, SimBoard, SimBoardDetail, SimRecording } from './simulator-models.ts';

/** The simulated boards that this manager was shown when it started (`--simulator DIR`); none where it was not. */
export const simulatorRoutes = {
  listSimBoards: route({ method: 'GET', path: '/simulated-boards', permission: 'viewer', summary: 'The simulated boards that can be driven from here', status: 200, response: z.object({ items: z.array(SimBoard) }) }),
  getSimBoard: route({ method: 'GET', path: '/simulated-boards/:id', permission: 'viewer', summary: 'One simulated board: lines, ports and parts as they are now', ...byId, status: 200, response: SimBoardDetail }),
  getSimRecording: route({
    method: 'GET',
    path: '/simulated-boards/:id/recording',
    permission: 'viewer',
    summary: "The simulator's own record of level changes, the last ones or those since",
    ...byId,
    query: z.strictObject({ after: z.string().max(64).optional(), limit: z.coerce.number().int().min(1).max(2_000).default(500) }),
    status: 200,
    response: SimRecording,
  }),
  actOnSimBoard: route({ method: 'POST', path: '/simulated-boards/:id/acts', permission: 'operator', summary: 'Presses, sets, plugs or spoils a part', ...byId, body: SimAct, status: 200, response: SimBoardDetail }),
} as const;
