/** What the audit's records say, in words: one row an action, without who did it and why, which stand beside. */
import type { AuditRecord } from '@pier/shared/api';
import { bytes, counted } from './format.ts';
import { deploymentWords } from './states.ts';

type Detail = AuditRecord['detail'];
type Say = string | ((detail: Detail, object: string) => string);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const fieldOf = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined);
const devicesOf = (detail: Detail): string => counted(numberOf(detail['devices']) ?? 0, 'device');
const because = (detail: Detail): string => {
  const reason = textOf(fieldOf(detail['reason'], 'reason'));
  return reason === undefined ? '' : `: ${reason}`;
};
const wave = (does: string): Say => (detail) => `Wave ${numberOf(detail['wave']) ?? ''} ${does}${because(detail)}`;
const named = (does: string): Say => (_, object) => `${does} ${nameOf(object)}`;
const nameOf = (object: string): string => object.slice(object.indexOf(':') + 1);

/** Every action that the manager writes. */
const says: Readonly<Record<string, Say>> = {
  'rollout.created': (detail) => `Started a rollout to ${devicesOf(detail)}${fieldOf(detail['approval'], 'code') === undefined ? '' : '; it waits for approval'}`,
  'rollout.approve': 'Approved it',
  'rollout.deny': 'Denied it',
  'rollout.pause': 'Paused it',
  'rollout.resume': 'Resumed it',
  'rollout.advance': (detail) => (numberOf(detail['opened']) === undefined ? 'Advanced it past its gate' : `Advanced it, wave ${numberOf(detail['opened'])} opens`),
  'rollout.abort': (detail) => `Aborted it, ${devicesOf(detail)} left out`,
  'rollout.retry': (detail) => `Let ${devicesOf(detail)} try again`,
  'rollout.exclude': (detail) => `Left out ${devicesOf(detail)}`,
  'rollout.roll_back': (detail) => `Asked to roll back ${devicesOf(detail)}`,
  'rollout.set_cap': (detail) => `Let ${numberOf(detail['maxInFlight']) ?? 0} be at work at once, ${numberOf(detail['before']) ?? 0} before`,
  'rollout.joined': (detail) => `${Array.isArray(detail['devices']) ? counted(detail['devices'].length, 'device') : 'Devices'} joined`,
  'rollout.running': (detail) => `Went on${because(detail)}`,
  'rollout.paused': (detail) => `Stopped itself${because(detail)}`,
  'rollout.completed': 'Completed',
  'rollout.aborting': (detail) => `Ends itself${because(detail)}`,
  'rollout.aborted': 'Aborted; nothing is at work any more',
  'rollout.rolling_back': (detail) => `Goes back by itself${because(detail)}`,
  'rollout.rolled_back': 'Rolled back; nothing is at work any more',
  'wave.active': wave('opened'),
  'wave.soaking': wave('soaks: all at work have it'),
  'wave.passed': wave('passed'),
  'wave.overridden': wave('taken as passed'),
  'wave.failed': wave('failed its gate'),
  'wave.reopened': wave('reopened'),
  'app.assigned': (detail, object) => `Assigned ${textOf(detail['release']) ?? 'nothing'} of ${textOf(detail['app']) ?? 'an app'} to ${nameOf(object)} by hand`,
  'app.released': (detail, object) => `Gave ${textOf(detail['app']) ?? 'an app'} of ${nameOf(object)} back to the rollouts`,
  'release.created': (detail) => `Made release ${textOf(detail['app']) ?? ''} ${textOf(detail['version']) ?? ''}`,
  'release.withdrawn': (detail) => `Withdrew release ${textOf(detail['app']) ?? ''} ${textOf(detail['version']) ?? ''}`,
  'policy.set': (_, object) => `Set trust policy ${nameOf(object)}`,
  'device.asked': (_, object) => `${nameOf(object)} asked to join`,
  'device.enrolled': (_, object) => `${nameOf(object)} joined`,
  'device.approved': named('Let in'),
  'device.denied': named('Denied'),
  'device.revoked': named('Ended the trust in'),
  'device.forgotten': named('Forgot'),
  'device.changed': named('Changed name or tags of'),
  'device.certificate-issued': named('Gave a certificate to'),
  'device.certificate-reissued': named('Gave a certificate again to'),
  'device.certificate-renewed': (_, object) => `${nameOf(object)} renewed its certificate`,
  'device.key-changed': (_, object) => `${nameOf(object)} gave up its key for a newer one`,
  'device.identity-conflict': (_, object) => `Two boards come with the identity of ${nameOf(object)}`,
  'device.identity-conflict-over': (_, object) => `Only one board comes with the identity of ${nameOf(object)} now`,
  'manager.backed-up': (detail) => `Took a backup, ${textOf(detail['file']) ?? 'a file'}, ${bytes(numberOf(detail['sizeBytes']) ?? 0)}`,
  'manager.restored': (_, object) => `Restored the backup of ${nameOf(object)}`,
  'binding.set': (detail, object) => `Bound ${textOf(detail['app']) ?? 'an app'} on ${nameOf(object)}`,
  'desired.too-large': (_, object) => `What ${nameOf(object)} should run does not fit into a message`,
  'command.sent': (detail, object) => `Sent ${textOf(detail['verb']) ?? 'a command'} for ${textOf(detail['app']) ?? 'an app'} to ${nameOf(object)}`,
  'token.created': (detail) => `Made a claim token for ${counted(numberOf(detail['uses']) ?? 1, 'device')}`,
  'token.revoked': named('Ended claim token'),
  'operator.certificate-issued': named('Gave an MQTT certificate to operator'),
  'user.created': (detail, object) => `Made account ${nameOf(object)}, ${textOf(detail['role']) ?? 'viewer'}`,
  'user.changed': named('Changed account'),
  'user.removed': named('Removed account'),
  'session.created': 'Signed in',
  'api-token.created': (detail) => `Made API token ${textOf(detail['name']) ?? ''}, ${textOf(detail['role']) ?? 'viewer'}`,
  'api-token.revoked': (detail) => `Ended API token ${textOf(detail['name']) ?? ''}`,
};

/** What was done, such as `Left out 6 devices`. Of an action that this page does not know, its name and object. */
export function auditWords({ action, object, detail }: Pick<AuditRecord, 'action' | 'object' | 'detail'>): string {
  const [kind, step = ''] = action.split('.', 2);
  const own = Object.hasOwn(says, action) ? says[action] : undefined;
  if (own !== undefined) return typeof own === 'string' ? own : own(detail, object);
  if (kind === 'deployment') return `${object.split('/')[1] ?? object}: ${stateWord(step)}${because(detail)}`;
  if (kind === 'simulator') return `Simulated board ${nameOf(object)}: ${step.replaceAll('_', ' ')}${textOf(detail['refused']) === undefined ? '' : ', refused'}`;
  return `${action} ${object}`;
}

function stateWord(state: string): string {
  const found = Object.entries(deploymentWords).find(([key]) => key === state)?.[1].word ?? state;
  return found.toLowerCase();
}

/** Who did it: a person by name; else which part of the whole. */
export function auditActor(actor: string): string {
  if (actor === 'system' || actor === 'manager') return 'the manager';
  const [kind, name] = [actor.slice(0, actor.indexOf(':')), nameOf(actor)];
  if (kind === 'rollout') return 'the engine';
  if (kind === 'device') return name;
  if (kind === 'local') return `${name}, on the manager's machine`;
  return kind === 'token' ? `claim token ${name}` : actor;
}

/** What the person gave as the reason; undefined where none was given. */
export function auditRemark(detail: Detail): string | undefined {
  return textOf(detail['remark']);
}
