import { AppName, DeviceId, Digest, Version, isoTime } from '@pier/shared/core';
import { Asks, Limits, permissionWords } from '@pier/shared/capability';
import { type Deployment, type Device, type DeviceEvent, type Refused, DeploymentState, DeviceDetail, DeviceState, InFlightState } from '@pier/shared/api';
import { Reported, ReportedApp } from '@pier/shared/wire';
import type { assignment, deployment, event, release } from '../db/index.ts';
import type { ShownDevice } from './shown.ts';

type Row<T extends { $inferSelect: unknown }> = T['$inferSelect'];
type Stored = Record<string, unknown> | null | undefined;

export function showDevice({ device: row, live, reported, standing, why, wanted }: ShownDevice): Device {
  return {
    id: DeviceId.parse(row.id),
    name: row.name,
    model: row.model,
    tags: row.tags,
    state: DeviceState.parse(row.state),
    standing,
    why,
    online: live?.online ?? false,
    lastSeenAt: live ? isoTime(live.lastSeenAt.getTime()) : null,
    agent: live?.agent ?? null,
    rev: live?.rev ?? 0,
    apps: showApps(reported, wanted),
    createdAt: isoTime(row.createdAt.getTime()),
  };
}

/** What a device says of its apps, and those that it has yet to get, by name. What an older manager stored and this one cannot read is left out. */
function showApps(reported: Stored, wanted: ShownDevice['wanted']): Device['apps'] {
  const told = reported?.['apps'];
  const said = new Map<string, unknown>(Object.entries(told !== null && typeof told === 'object' ? told : {}));
  const names = new Set([...said.keys(), ...wanted.keys()]);
  return [...names].toSorted().flatMap((name) => {
    const one = ReportedApp.safeParse(said.get(name)).data;
    const app = AppName.safeParse(name);
    if (!app.success || (!one && !wanted.has(name))) return [];
    return [{ app: app.data, version: one?.running?.version ?? null, wanted: wanted.get(name) ?? null, state: one?.state ?? null, hold: one?.hold?.kind ?? null }];
  });
}

export function showUsage(stored: Stored): DeviceDetail['usage'] {
  return DeviceDetail.shape.usage.safeParse(stored ?? {}).data ?? {};
}

/** What a release may do, in plain words; nothing where what it asks for cannot be read. */
export function showPermissions(of: Pick<Row<typeof release>, 'asks' | 'limits'>): string[] {
  const asks = Asks.safeParse(of.asks);
  return asks.success ? permissionWords(asks.data, Limits.safeParse(of.limits).data) : [];
}

type About = Pick<Row<typeof event>, 'receivedAt' | 'type' | 'app' | 'digest' | 'attempt'>;

function showAbout(row: About): Pick<DeviceEvent, 'at' | 'type' | 'app' | 'digest' | 'attempt'> {
  return {
    at: isoTime(row.receivedAt.getTime()),
    type: row.type,
    app: row.app === null ? null : AppName.parse(row.app),
    digest: row.digest === null ? null : Digest.parse(row.digest),
    attempt: row.attempt,
  };
}

/** Only events with a code are refusals: the device said no, and why. */
export function showRefusal(row: Row<typeof event>): Refused {
  return { ...showAbout(row), code: row.code ?? '', reason: row.reason ?? '' };
}

export function showEvent(row: Row<typeof event>): DeviceEvent {
  return { id: String(row.id), ...showAbout(row), code: row.code, reason: row.reason, lastOutput: [...(row.lastOutput?.lines ?? [])], safeMs: row.safeMs };
}

export function showDeployment(row: Row<typeof deployment>): Deployment {
  return {
    rollout: row.rolloutId,
    device: DeviceId.parse(row.deviceId),
    app: AppName.parse(row.app),
    wave: row.wave,
    state: DeploymentState.parse(row.state),
    attempt: row.attempt,
    reason: row.reasonCode === null ? null : { code: row.reasonCode, reason: row.reasonText ?? '' },
    updatedAt: isoTime(row.updatedAt.getTime()),
    deadlineAt: row.deadlineAt && InFlightState.safeParse(row.state).success ? isoTime(row.deadlineAt.getTime()) : null,
  };
}

export function showAssignment(row: Row<typeof assignment>, of: Pick<Row<typeof release>, 'id' | 'version' | 'digest'>): DeviceDetail['assignments'][number] {
  return { app: AppName.parse(row.app), release: of.id, version: Version.parse(of.version), digest: Digest.parse(of.digest), attempt: row.attempt, setBy: row.setBy, byHand: row.byHand };
}

const Shown = Reported.omit({ gen: true, boot: true, seq: true });

export function showReported(stored: Stored): DeviceDetail['reported'] {
  return stored ? Shown.parse(stored) : null;
}
