import { AppName, DeviceId, Digest, Version, isoTime } from '@pier/shared/core';
import { Asks, Limits, permissionWords } from '@pier/shared/capability';
import { type Deployment, type Device, type DeviceEvent, type Refused, DeploymentState, DeviceDetail, DeviceState } from '@pier/shared/api';
import { Reported, ReportedApp } from '@pier/shared/wire';
import type { assignment, deployment, device, deviceLive, event, release } from '../db/index.ts';

type Row<T extends { $inferSelect: unknown }> = T['$inferSelect'];
type Stored = Record<string, unknown> | null | undefined;

export function showDevice({ device: row, live, reported }: { device: Row<typeof device>; live: Row<typeof deviceLive> | null; reported: Stored }): Device {
  return {
    id: DeviceId.parse(row.id),
    name: row.name,
    model: row.model,
    tags: row.tags,
    state: DeviceState.parse(row.state),
    online: live?.online ?? false,
    lastSeenAt: live ? isoTime(live.lastSeenAt.getTime()) : null,
    agent: live?.agent ?? null,
    rev: live?.rev ?? 0,
    apps: showApps(reported),
    createdAt: isoTime(row.createdAt.getTime()),
  };
}

/** What a device says of its apps, by name. What an older manager stored and this one cannot read is left out. */
function showApps(reported: Stored): Device['apps'] {
  const said = reported?.['apps'];
  if (said === null || typeof said !== 'object') return [];
  return Object.entries(said)
    .flatMap(([name, value]) => {
      const [app, one] = [AppName.safeParse(name), ReportedApp.safeParse(value)];
      return app.success && one.success ? [{ app: app.data, version: one.data.running?.version ?? null, state: one.data.state ?? null, hold: one.data.hold?.kind ?? null }] : [];
    })
    .toSorted((a, b) => (a.app < b.app ? -1 : 1));
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
  };
}

export function showAssignment(row: Row<typeof assignment>, of: Pick<Row<typeof release>, 'id' | 'version' | 'digest'>): DeviceDetail['assignments'][number] {
  return { app: AppName.parse(row.app), release: of.id, version: Version.parse(of.version), digest: Digest.parse(of.digest), attempt: row.attempt, setBy: row.setBy, byHand: row.byHand };
}

const Shown = Reported.omit({ gen: true, boot: true, seq: true });

export function showReported(stored: Stored): DeviceDetail['reported'] {
  return stored ? Shown.parse(stored) : null;
}
