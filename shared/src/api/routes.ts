import * as z from 'zod';
import { AppName, DeviceId, Digest } from '../core/index.ts';
import { Bindings } from '../capability/index.ts';
import { Envelope } from '../signing/index.ts';
import { Deployment, Device, DeviceDetail, PageQuery, PinsView, Refused, Release, Rollout, Time, page } from './models.ts';
import { route } from './route.ts';

const device = { params: z.strictObject({ device: DeviceId }) };
const byId = { params: z.strictObject({ id: z.string().min(1).max(64) }) };
const Empty = z.null();

export const Policy = z.object({ number: z.int(), root: z.string(), envelope: Envelope }).meta({ id: 'Policy' });
export const ClaimToken = z.object({ id: z.string(), token: z.string(), expiresAt: Time, uses: z.int() }).meta({ id: 'ClaimToken' });

/** The public API, one entry a route; everything the CLI and a UI do goes through it. */
export const routes = {
  health: route({ method: 'GET', path: '/health', permission: 'public', summary: 'Whether the manager and all that it needs answer', status: 200, response: z.object({ ok: z.boolean(), database: z.boolean(), broker: z.boolean() }) }),
  whoAmI: route({ method: 'GET', path: '/me', permission: 'viewer', summary: 'Who is asking', status: 200, response: z.object({ user: z.string(), role: z.string() }) }),
  getAddresses: route({
    method: 'GET',
    path: '/addresses',
    permission: 'viewer',
    summary: 'Where devices, MQTT clients and registry clients reach this manager, and the CA certificate (PEM) to trust there',
    status: 200,
    response: z.object({ device: z.string(), mqtt: z.string(), registry: z.string(), ca: z.string() }),
  }),
  listDevices: route({ method: 'GET', path: '/devices', permission: 'viewer', summary: 'Devices, by id', query: PageQuery, status: 200, response: page(Device) }),
  getDevice: route({ method: 'GET', path: '/devices/:device', permission: 'viewer', summary: 'One device: desired, reported, refusals, deployments', ...device, status: 200, response: DeviceDetail }),
  getPins: route({ method: 'GET', path: '/devices/:device/pins', permission: 'viewer', summary: 'Levels of the lines in use; asking renews the lease under which the device sends them', ...device, status: 200, response: PinsView }),
  listRefusals: route({ method: 'GET', path: '/devices/:device/refusals', permission: 'viewer', summary: 'What the device refused, newest first', ...device, query: PageQuery, status: 200, response: page(Refused) }),
  putBindings: route({
    method: 'PUT',
    path: '/devices/:device/bindings/:app',
    permission: 'operator',
    summary: 'Binds the labels of an app to real lines of the device: the consent',
    params: z.strictObject({ device: DeviceId, app: AppName }),
    body: Bindings,
    status: 200,
    response: Bindings,
  }),
  createToken: route({
    method: 'POST',
    path: '/tokens',
    permission: 'operator',
    summary: 'A claim token with which devices enrol; shown once',
    body: z.strictObject({ uses: z.int().min(1).max(10_000).default(1), expiresInS: z.int().min(1).max(365 * 86_400).default(86_400), tags: z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/), z.string().max(128)).default({}) }),
    status: 201,
    response: ClaimToken,
  }),
  getScheduler: route({ method: 'GET', path: '/keys/scheduler', permission: 'viewer', summary: "The public key with which this manager signs desired documents; a policy lists it", status: 200, response: z.object({ id: z.string(), pem: z.string() }) }),
  getPolicy: route({ method: 'GET', path: '/policy', permission: 'viewer', summary: 'The trust policy in force, as its root signed it', status: 200, response: Policy }),
  putPolicy: route({ method: 'PUT', path: '/policy', permission: 'admin', summary: 'Sets the first trust policy, or a successor signed by the same root with a higher number', body: Envelope, status: 200, response: Policy }),
  signOperator: route({
    method: 'POST',
    path: '/operators/certificates',
    permission: 'operator',
    summary: 'A client certificate for MQTT, for the key in the request (PKCS #10, PEM)',
    body: z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), csr: z.string().max(8_192) }),
    status: 201,
    response: z.object({ certificate: z.string(), ca: z.string(), mqtt: z.string() }),
  }),
  listReleases: route({ method: 'GET', path: '/releases', permission: 'viewer', summary: 'Releases, newest first', query: PageQuery, status: 200, response: page(Release) }),
  getRelease: route({ method: 'GET', path: '/releases/:id', permission: 'viewer', summary: 'One release', ...byId, status: 200, response: Release }),
  createRelease: route({
    method: 'POST',
    path: '/releases',
    permission: 'operator',
    summary: "Makes a release of an artifact in the manager's registry; the same artifact twice is the same release",
    body: z.strictObject({ repository: z.string().min(1).max(255), digest: Digest }),
    status: 201,
    response: Release,
  }),
  listRollouts: route({ method: 'GET', path: '/rollouts', permission: 'viewer', summary: 'Rollouts, newest first', query: PageQuery, status: 200, response: page(Rollout) }),
  getRollout: route({ method: 'GET', path: '/rollouts/:id', permission: 'viewer', summary: 'One rollout with its waves and counts', ...byId, status: 200, response: Rollout }),
  listDeployments: route({ method: 'GET', path: '/rollouts/:id/deployments', permission: 'viewer', summary: "A rollout's deployments, by device", ...byId, query: PageQuery, status: 200, response: page(Deployment) }),
  createRollout: route({
    method: 'POST',
    path: '/rollouts',
    permission: 'operator',
    summary: 'Starts a rollout of a release to devices, in one wave',
    body: z.strictObject({ release: z.string().min(1).max(64), devices: z.array(DeviceId).min(1).max(10_000), soakS: z.int().min(0).max(7 * 86_400).default(60), deadlineS: z.int().min(5).max(86_400).default(600) }),
    status: 201,
    response: Rollout,
  }),
  logout: route({ method: 'DELETE', path: '/session', permission: 'viewer', summary: 'Ends the session of this browser', status: 204, response: Empty }),
} as const;
export type Routes = typeof routes;
export type RouteName = keyof Routes;
