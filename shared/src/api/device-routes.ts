import * as z from 'zod';
import { AppName, DeviceId } from '../core/index.ts';
import { Bindings } from '../capability/index.ts';
import { Empty, PageQuery, Remark, SelectorText, deviceAppParams as deviceApp, deviceParams as device, page, yesNo } from './common.ts';
import { Device, DeviceChange, DeviceCount, DeviceDetail, DeviceEvent, DeviceStanding, DeviceState, Fleet, LogView, PinsView, Refused, SentCommand, TagChange, TelemetryView, UiVerb } from './device-models.ts';
import { DeploymentState } from './rollout-models.ts';
import { route } from './route.ts';
import { Why } from './why-models.ts';

const Which = { selector: SelectorText.optional(), state: DeviceState.optional(), online: yesNo.optional(), app: AppName.optional(), /** Part of an id or a name. */ search: z.string().max(64).optional() };
const words = <const W extends Readonly<Record<string, string>>>(word: z.ZodEnum<W>) => z.string().max(256).refine((text) => text.split(',').every((one) => word.safeParse(one).success), `words of ${Object.values(word.enum).join(', ')}, by comma`);
/** Besides: how they stand, and what became of them in a rollout (its state alone means nothing). Lists of words, by comma. */
const WhichMore = { ...Which, standing: words(DeviceStanding).optional(), rollout: z.string().min(1).max(64).optional(), deployment: words(DeploymentState).optional() };
/** By id; by when they were last heard, the longest silent first; by how they stand, what needs a person first. */
const Order = z.enum(['id', 'heard', 'standing']).default('id');
const Assigned = z.object({ device: DeviceId, app: AppName, release: z.string().nullable(), attempt: z.int(), byHand: z.boolean() }).meta({ id: 'Assigned' });

/** The routes under /devices. */
export const deviceRoutes = {
  listDevices: route({ method: 'GET', path: '/devices', permission: 'viewer', summary: 'Devices, by id unless another order is asked for', query: PageQuery.extend({ ...WhichMore, order: Order }), status: 200, response: page(Device) }),
  countDevices: route({ method: 'GET', path: '/device-count', permission: 'viewer', summary: 'How many devices match now, and how they stand', query: z.strictObject(WhichMore), status: 200, response: DeviceCount }),
  getFleet: route({ method: 'GET', path: '/fleet', permission: 'viewer', summary: 'The fleet in numbers: how devices stand, versions in use, sites', status: 200, response: Fleet }),
  tagDevices: route({ method: 'POST', path: '/device-tags', permission: 'operator', summary: 'Sets and removes tags on many devices at once, all or none', body: TagChange, status: 200, response: z.object({ devices: z.int() }) }),
  getDevice: route({ method: 'GET', path: '/devices/:device', permission: 'viewer', summary: 'One device: desired, reported, apps, permissions, deployments', ...device, status: 200, response: DeviceDetail }),
  changeDevice: route({ method: 'PATCH', path: '/devices/:device', permission: 'operator', summary: 'Names a device, or changes its tags: all of them (tags), or some (setTags, removeTags)', ...device, body: DeviceChange, status: 200, response: Device }),
  approveDevice: route({ method: 'POST', path: '/devices/:device/approve', permission: 'operator', summary: 'Lets a pending device in', ...device, body: z.strictObject({ remark: Remark }), status: 200, response: Device }),
  revokeDevice: route({ method: 'POST', path: '/devices/:device/revoke', permission: 'operator', summary: 'Denies a pending device, or ends the trust in an active one; its connections end at once', ...device, body: z.strictObject({ remark: Remark }), status: 200, response: Device }),
  forgetDevice: route({ method: 'DELETE', path: '/devices/:device', permission: 'admin', summary: 'Removes a revoked device from sight, with all that it told; its identity stays refused for ever, the audit and the records of rollouts stay', ...device, status: 204, response: Empty }),
  whyDevice: route({ method: 'GET', path: '/devices/:device/why', permission: 'viewer', summary: 'Why the device does not run what is wanted of an app; of all its apps unless one is named', ...device, query: z.strictObject({ app: AppName.optional() }), status: 200, response: z.object({ items: z.array(Why) }) }),
  getPins: route({ method: 'GET', path: '/devices/:device/pins', permission: 'viewer', summary: 'Levels of the lines in use; asking renews the lease under which the device sends them', ...device, status: 200, response: PinsView }),
  listRefusals: route({ method: 'GET', path: '/devices/:device/refusals', permission: 'viewer', summary: 'What the device refused, newest first', ...device, query: PageQuery, status: 200, response: page(Refused) }),
  listEvents: route({ method: 'GET', path: '/devices/:device/events', permission: 'viewer', summary: 'What the device told, newest first', ...device, query: PageQuery.extend({ app: AppName.optional() }), status: 200, response: page(DeviceEvent) }),
  getLog: route({
    method: 'GET',
    path: '/devices/:device/apps/:app/log',
    permission: 'viewer',
    summary: "The app's last lines; asking renews the lease under which the device sends them",
    ...deviceApp,
    query: z.strictObject({ after: z.string().max(64).optional(), limit: z.coerce.number().int().min(1).max(1_000).default(200) }),
    status: 200,
    response: LogView,
  }),
  getTelemetry: route({
    method: 'GET',
    path: '/devices/:device/telemetry',
    permission: 'viewer',
    summary: 'Samples of its apps, oldest first unless the newest are asked for first (order=desc); asking renews the lease under which the device sends them',
    ...device,
    query: z.strictObject({ app: AppName.optional(), series: z.string().max(64).optional(), sinceS: z.coerce.number().int().min(1).max(7 * 86_400).default(3_600), order: z.enum(['asc', 'desc']).default('asc'), limit: z.coerce.number().int().min(1).max(5_000).default(500), cursor: z.string().max(256).optional() }),
    status: 200,
    response: TelemetryView,
  }),
  putBindings: route({ method: 'PUT', path: '/devices/:device/bindings/:app', permission: 'operator', summary: 'Binds the labels of an app to real lines and ports of the device: the consent', ...deviceApp, body: Bindings, status: 200, response: Bindings }),
  assignApp: route({
    method: 'PUT',
    path: '/devices/:device/apps/:app',
    permission: 'operator',
    summary: 'Assigns a release by hand (null removes the app): supersedes the deployment in flight and keeps the device out of later rollouts of this app until released',
    ...deviceApp,
    body: z.strictObject({ release: z.string().min(1).max(64).nullable(), soakS: z.int().min(0).max(7 * 86_400).default(60), remark: Remark }),
    status: 200,
    response: Assigned,
  }),
  commandApp: route({
    method: 'POST',
    path: '/devices/:device/commands',
    permission: 'operator',
    summary: "Tells an app of the device to start, stop or restart, under the manager's own key; what the device answers is in the list",
    ...device,
    body: z.strictObject({ verb: UiVerb, app: AppName, remark: Remark }),
    status: 201,
    response: SentCommand,
  }),
  listCommands: route({ method: 'GET', path: '/devices/:device/commands', permission: 'viewer', summary: 'Commands that were sent from here, newest first', ...device, query: PageQuery, status: 200, response: page(SentCommand) }),
  releaseApp: route({ method: 'DELETE', path: '/devices/:device/apps/:app/hold', permission: 'operator', summary: 'Gives a device that was assigned by hand back to the rollouts', ...deviceApp, status: 204, response: Empty }),
} as const;
