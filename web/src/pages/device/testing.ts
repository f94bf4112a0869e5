/** A release and a device as the API tells them, for tests of this page. */
import { Deployment, type DeploymentState, DeviceDetail, Release } from '@pier/shared/api';

const digest = `sha256:${'a'.repeat(64)}`;
const at = '2026-11-20T00:00:00.000Z';

export function release(asks: object): Release {
  return Release.parse({ id: 'rel-1', app: 'blink', version: '1.0.0', counter: 1, repository: 'manager/blink', digest, sizeBytes: 1, asks, limits: {}, permissions: [], state: 'verified', reason: null, signedBy: [], createdAt: at });
}

export function deployment(state: DeploymentState): Deployment {
  return Deployment.parse({ rollout: 'rollout-1', device: 'mill-1', app: 'blink', wave: 1, state, attempt: 1, reason: null, updatedAt: at, deadlineAt: null });
}

export function device(over: object = {}): DeviceDetail {
  return DeviceDetail.parse({
    id: 'mill-1', name: 'mill-1', model: 'raspberry-pi-5', tags: { site: 'mill' }, state: 'active', standing: 'in_step', why: null, online: true, lastSeenAt: at, agent: '0.1.0', rev: 1,
    apps: [{ app: 'blink', version: '1.0.0', wanted: '1.0.0', state: 'proven', hold: null }],
    createdAt: at,
    profile: { model: 'raspberry-pi-5', chips: [{ label: 'pinctrl', lines: [{ line: 17, name: 'GPIO17', headerPin: 11 }, { line: 22, name: 'GPIO22', headerPin: 15 }, { line: 0, name: 'ID_SDA', headerPin: 27, reserved: 'EEPROM' }] }], serial: [] },
    bindings: { blink: { led: { kind: 'gpio', chip: 'pinctrl', line: 17, modes: ['out'] } } },
    assignments: [{ app: 'blink', release: 'rel-1', version: '1.0.0', digest, attempt: 1, setBy: 'ada', byHand: false }],
    reported: null, usage: {}, permissions: {}, refusals: [], deployments: [],
    ...over,
  });
}
