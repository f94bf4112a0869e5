import { AppName, DeviceId, Digest, Version, isoTime } from '@pier/shared/core';
import { type Deployment, type Device, type DeviceDetail, type Refused, DeploymentState } from '@pier/shared/api';
import { Reported } from '@pier/shared/wire';
import type { assignment, deployment, device, deviceLive, event, release } from '../db/index.ts';

type Row<T extends { $inferSelect: unknown }> = T['$inferSelect'];

export function showDevice(row: Row<typeof device>, live: Row<typeof deviceLive> | null): Device {
  return {
    id: DeviceId.parse(row.id),
    name: row.name,
    model: row.model,
    tags: row.tags,
    state: row.state === 'revoked' ? 'revoked' : 'active',
    online: live?.online ?? false,
    lastSeenAt: live ? isoTime(live.lastSeenAt.getTime()) : null,
    agent: live?.agent ?? null,
    rev: live?.rev ?? 0,
    createdAt: isoTime(row.createdAt.getTime()),
  };
}

/** Only events with a code are refusals: the device said no, and why. */
export function showRefusal(row: Row<typeof event>): Refused {
  return {
    at: isoTime(row.receivedAt.getTime()),
    type: row.type,
    app: row.app === null ? null : AppName.parse(row.app),
    digest: row.digest === null ? null : Digest.parse(row.digest),
    attempt: row.attempt,
    code: row.code ?? '',
    reason: row.reason ?? '',
  };
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
  return { app: AppName.parse(row.app), release: of.id, version: Version.parse(of.version), digest: Digest.parse(of.digest), attempt: row.attempt, setBy: row.setBy };
}

const Shown = Reported.omit({ gen: true, boot: true, seq: true });

export function showReported(stored: Record<string, unknown> | null | undefined): DeviceDetail['reported'] {
  return stored ? Shown.parse(stored) : null;
}
