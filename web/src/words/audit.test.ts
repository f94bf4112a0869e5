import { expect, test } from 'vitest';
import { auditActor, auditRemark, auditWords } from './audit.ts';

const record = (action: string, object: string, detail: Record<string, unknown> = {}) => auditWords({ action, object, detail });
const rollout = 'rollout:rollout-1';

test.each<[string, string, Record<string, unknown>, string]>([
  ['rollout.roll_back', rollout, { devices: 6, remark: 'the old one' }, 'Asked to roll back 6 devices'],
  ['rollout.retry', rollout, { devices: 1 }, 'Let 1 device try again'],
  ['rollout.set_cap', rollout, { maxInFlight: 5, before: 500 }, 'Let 5 be at work at once, 500 before'],
  ['rollout.created', rollout, { devices: 2_480, approval: null }, 'Started a rollout to 2,480 devices'],
  ['rollout.created', rollout, { devices: 3, approval: { code: 'approval.second-person' } }, 'Started a rollout to 3 devices; it waits for approval'],
  ['rollout.advance', rollout, { passed: [1], opened: 2 }, 'Advanced it, wave 2 opens'],
  ['rollout.joined', rollout, { wave: 1, devices: ['a', 'b'] }, '2 devices joined'],
  ['rollout.paused', rollout, { reason: { code: 'gate.failures', reason: 'wave 2 failed: 9 of 70' } }, 'Stopped itself: wave 2 failed: 9 of 70'],
  ['wave.active', rollout, { wave: 2, reason: null }, 'Wave 2 opened'],
  ['wave.failed', rollout, { wave: 2, reason: { code: 'gate.failures', reason: '1 of 1 finished devices ended badly' } }, 'Wave 2 failed its gate: 1 of 1 finished devices ended badly'],
  ['deployment.timed_out', 'deployment:rollout-1/pi-7', { reason: { code: 'timed-out', reason: 'no result in 60 s' } }, 'pi-7: timed out: no result in 60 s'],
  ['app.assigned', 'device:pi-7', { app: 'blink', release: null }, 'Assigned nothing of blink to pi-7 by hand'],
  ['release.withdrawn', 'release:rel-1', { app: 'blink', version: '1.2.0' }, 'Withdrew release blink 1.2.0'],
  ['device.approved', 'device:pi-7', {}, 'Let in pi-7'],
  ['device.forgotten', 'device:pi-7', {}, 'Forgot pi-7'],
  ['device.key-changed', 'device:pi-7', {}, 'pi-7 gave up its key for a newer one'],
  ['device.identity-conflict', 'device:pi-7', { addresses: [] }, 'Two boards come with the identity of pi-7'],
  ['manager.backed-up', 'backup:2026-11-21T14:00:00.000Z', { file: '/srv/b.tar', sizeBytes: 2_000 }, 'Took a backup, /srv/b.tar, 2 kB'],
  ['manager.restored', 'backup:2026-11-21T14:00:00.000Z', {}, 'Restored the backup of 2026-11-21T14:00:00.000Z'],
  ['binding.set', 'device:pi-7', { app: 'meter' }, 'Bound meter on pi-7'],
  ['command.sent', 'device:pi-7', { verb: 'app.stop', app: 'blink' }, 'Sent app.stop for blink to pi-7'],
  ['token.created', 'token:t1', { uses: 20 }, 'Made a claim token for 20 devices'],
  ['user.created', 'user:bob', { role: 'operator' }, 'Made account bob, operator'],
  ['session.created', 'user:bob', {}, 'Signed in'],
  ['simulator.set_part', 'simulated-board:quay-1', { refused: 'x' }, 'Simulated board quay-1: set part, refused'],
])('%s of %s is said in words', (action, object, detail, words) => {
  expect(record(action, object, detail)).toBe(words);
});

test('an action that came with a newer manager is shown by its name, nothing breaks', () => {
  expect(record('moon.landed', 'moon:1')).toBe('moon.landed moon:1');
  expect(record('toString', 'x')).toBe('toString x');
  expect(record('rollout.retry', rollout, { devices: 'many' })).toBe('Let 0 devices try again');
});

test('who did it is a person, a device, or a part of the manager', () => {
  expect(['ada', 'system', 'manager', 'local:ada', rollout, 'device:pi-7', 'token:t1', 'operator:eve'].map(auditActor)).toEqual(['ada', 'the manager', 'the manager', "ada, on the manager's machine", 'the engine', 'pi-7', 'claim token t1', 'operator:eve']);
});

test('a remark is told only where one was given', () => {
  expect([{ remark: 'leak fix' }, { remark: null }, { remark: '' }, {}].map(auditRemark)).toEqual(['leak fix', undefined, undefined, undefined]);
});
