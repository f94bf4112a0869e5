import { asc, desc, eq } from 'drizzle-orm';
import type { DeviceId } from '@pier/shared/core';
import type { Bindings } from '@pier/shared/capability';
import { DeviceDetail } from '@pier/shared/api';
import { type Db, assignment, deployment, release } from '../db/index.ts';
import { type Handlers, pageOf } from '../http/index.ts';
import { type ChangeDeps, changeDevice, putBindings } from './change.ts';
import type { PinWatch } from './pins.ts';
import { countOfDevices, fleetOf } from './fleet.ts';
import { atOneMoment, eventBefore, eventsOf, existingDevice, oneDevice, pageOfDevices } from './query.ts';
import { tagDevices } from './tag.ts';
import { showAssignment, showDeployment, showDevice, showEvent, showPermissions, showRefusal, showReported, showUsage } from './view.ts';
import { bindingsOf } from './wanted.ts';

export type DeviceDeps = ChangeDeps & { readonly pins: PinWatch };

const detailRowsMax = 50;

/** The routes under /devices that are about a device itself. */
export function deviceHandlers(deps: DeviceDeps): Pick<Handlers, 'listDevices' | 'countDevices' | 'getFleet' | 'tagDevices' | 'getDevice' | 'changeDevice' | 'getPins' | 'listRefusals' | 'listEvents' | 'putBindings'> {
  const { db } = deps;
  return {
    listDevices: async ({ query }) => pageOfDevices(db, query),
    countDevices: async ({ query }) => countOfDevices(db, query),
    getFleet: async () => fleetOf(db, deps.clock),
    tagDevices: async (request) => tagDevices(deps, request),
    getDevice: async ({ params }) => atOneMoment(db, async (tx) => readDetail(tx, params.device)),
    changeDevice: async (request) => changeDevice(deps, request),
    getPins: async ({ params }) => {
      await existingDevice(db, params.device);
      return deps.pins.look(params.device);
    },
    listRefusals: async ({ params, query: { limit, cursor } }) => {
      await existingDevice(db, params.device);
      const rows = await eventsOf(db, params.device, { refusals: true, before: eventBefore(cursor, 'refusals'), limit: limit + 1 });
      return pageOf({ rows, limit, keyOf: (row) => String(row.id), show: showRefusal });
    },
    listEvents: async ({ params, query: { limit, cursor, app } }) => {
      await existingDevice(db, params.device);
      const rows = await eventsOf(db, params.device, { app, before: eventBefore(cursor, 'events'), limit: limit + 1 });
      return pageOf({ rows, limit, keyOf: (row) => String(row.id), show: showEvent });
    },
    putBindings: async (request) => putBindings(deps, request),
  };
}

async function readDetail(db: Db, id: DeviceId): Promise<DeviceDetail> {
  const row = await oneDevice(db, id);
  const bindings = (await bindingsOf(db, [id])).get(id) ?? new Map<string, Bindings>();
  const assigned = await db.select().from(assignment).innerJoin(release, eq(release.id, assignment.releaseId)).where(eq(assignment.deviceId, id)).orderBy(asc(assignment.app));
  const deployments = await db.select().from(deployment).where(eq(deployment.deviceId, id)).orderBy(desc(deployment.rolloutId)).limit(detailRowsMax);
  const refusals = await eventsOf(db, id, { refusals: true, limit: detailRowsMax });
  return {
    ...showDevice(row),
    profile: DeviceDetail.shape.profile.parse(row.device.profile),
    bindings: Object.fromEntries(bindings),
    assignments: assigned.map((one) => showAssignment(one.assignment, one.release)),
    reported: showReported(row.reported),
    usage: showUsage(row.live?.usage),
    permissions: Object.fromEntries(assigned.map((one) => [one.assignment.app, showPermissions(one.release)])),
    refusals: refusals.map(showRefusal),
    deployments: deployments.map(showDeployment),
  };
}
