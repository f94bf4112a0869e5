import * as z from 'zod';
import { AppName, Digest } from '../core/index.ts';
import { Envelope } from '../wire/index.ts';
import { PageQuery, Remark, Time, byId, page } from './common.ts';
import { PolicyDocument, Release, ReleaseDifference, ReleaseUse } from './release-models.ts';
import { route } from './route.ts';

/** As signed, and what it says, for people to read; devices read only what is signed. */
export const Policy = z.object({ number: z.int(), root: z.string(), envelope: Envelope, document: PolicyDocument, setBy: z.string(), setAt: Time }).meta({ id: 'Policy' });

/** The routes of releases and of the trust that they stand on. */
export const releaseRoutes = {
  getScheduler: route({ method: 'GET', path: '/keys/scheduler', permission: 'viewer', summary: 'The public key with which this manager signs desired documents; a policy lists it', status: 200, response: z.object({ id: z.string(), pem: z.string() }) }),
  getPolicy: route({ method: 'GET', path: '/policy', permission: 'viewer', summary: 'The trust policy in force, as its root signed it', status: 200, response: Policy }),
  putPolicy: route({ method: 'PUT', path: '/policy', permission: 'admin', summary: 'Sets the first trust policy, or a successor signed by the same root with a higher number', body: Envelope, status: 200, response: Policy }),
  listReleases: route({ method: 'GET', path: '/releases', permission: 'viewer', summary: 'Releases, newest first', query: PageQuery.extend({ app: AppName.optional() }), status: 200, response: page(Release) }),
  getRelease: route({ method: 'GET', path: '/releases/:id', permission: 'viewer', summary: 'One release: its signatures, asks and limits', ...byId, status: 200, response: Release }),
  compareRelease: route({ method: 'GET', path: '/releases/:id/difference', permission: 'viewer', summary: 'What it asks for beyond another release', ...byId, query: z.strictObject({ from: z.string().min(1).max(64) }), status: 200, response: ReleaseDifference }),
  useOfRelease: route({ method: 'GET', path: '/releases/:id/use', permission: 'viewer', summary: 'Where it runs, as devices report it', ...byId, status: 200, response: ReleaseUse }),
  createRelease: route({
    method: 'POST',
    path: '/releases',
    permission: 'operator',
    summary: "Makes a release of an artifact in the manager's registry; the same artifact twice is the same release",
    body: z.strictObject({ repository: z.string().min(1).max(255), digest: Digest }),
    status: 201,
    response: Release,
  }),
  withdrawRelease: route({ method: 'POST', path: '/releases/:id/withdraw', permission: 'operator', summary: 'Takes a release back: it is offered no more, and running rollouts of it pause; what runs stays', ...byId, body: z.strictObject({ remark: Remark }), status: 200, response: Release }),
} as const;
