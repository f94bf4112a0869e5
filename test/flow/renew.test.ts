/** Identities over time: renewed before their end and after it, on boards whose clock is years wrong. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeviceId } from '@pier/shared/core';
import { debianTool } from '../support/debian.ts';
import { exampleGuest } from '../support/guests.ts';
import { processesOf, signalAll } from '../support/processes.ts';
import { type World, button, deploymentIn, led, openWorld, until } from '../support/world.ts';

/** 20 s: a certificate is renewed after 13 s, if nothing is slower. */
const short = ['--device-certificate-days', String(20 / 86_400)];
let world: World;
beforeAll(async () => {
  world = await openWorld({}, short);
});
afterAll(() => world[Symbol.asyncDispose]());

const enrolment = (name: string) => JSON.parse(readFileSync(join(world.dir, name, 'identity', 'enrolment.json'), 'utf8')) as { certificate: string; issuedMs: number };
const certificate = (name: string) => new X509Certificate(enrolment(name).certificate);
const logOf = (name: string): string => readFileSync(join(world.dir, 'logs', `${name}.log`), 'utf8');
const online = (device: DeviceId) => until(`${device} online`, async () => (await world.look(device)).online || undefined);

async function kill9(name: string, started: { exited: Promise<unknown> }): Promise<void> {
  signalAll(processesOf(join(world.dir, name)), 'SIGKILL');
  await started.exited;
}

const hasFaketime = debianTool('faketime');

describe.concurrent('a certificate', () => {
  test('a device renews its certificate with a new key, connects with it, and the manager gives the old one up', { timeout: 120_000 }, async () => {
    const { device } = await world.enrol({ name: 'steady' });
    const first = certificate('steady');
    const next = await until('another certificate', () => (certificate('steady').serialNumber === first.serialNumber ? undefined : certificate('steady')), 90_000);
    expect(next.publicKey.equals(first.publicKey)).toBe(false);
    expect(next.subject).toBe(first.subject);
    await until('the old key given up', async () => (await world.api.call('listAudit', { query: { object: `device:${device}`, limit: 50 } })).items.find(({ action }) => action === 'device.key-changed'));
    await online(device);
  });

  test('an agent that was off while its certificate ran out renews it when it is back, by itself, and its app is up again', { timeout: 180_000 }, async () => {
    const { device, process: started } = await world.enrol({ name: 'away' });
    const blink = await exampleGuest('blink');
    await world.bind(device, 'blink', { led, button });
    const rollout = await world.rollOut(await world.push({ app: 'blink', version: '1.0.0', counter: 1, ...blink }), device);
    await deploymentIn(world, { device, rollout, states: ['proven'] });
    await kill9('away', started);
    const { serialNumber, validToDate } = certificate('away');
    await until('its end', () => Date.now() > validToDate.getTime() || undefined, 90_000);
    await world.enrol({ name: 'away', token: 'not-needed-any-more' });
    expect(certificate('away').serialNumber).not.toBe(serialNumber);
    await online(device);
    await until('the app up again', () => logOf('away').split('guest.up').length > 2 || undefined);
  });

  test.skipIf(!hasFaketime).each([
    ['a year behind', '-1y', -365],
    ['twenty years ahead', '+20y', 7_300],
  ])('a board whose clock is %s enrols, fetches its app from the manager, runs it and renews its certificate', { timeout: 180_000 }, async (_how, offset, days) => {
    const name = `clock${offset.replace(/\W/g, '')}`;
    const board = await world.stage.startBoard({ name: `board-${name}` });
    const preload = execFileSync('faketime', ['now', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim();
    // Without a mirror: the registry is the manager's own, over its TLS.
    const started = await world.stage.startAgent({ manager: world.manager.device, token: await world.token(), board: board.dir, name, env: { LD_PRELOAD: preload, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' } });
    const device = started.device as DeviceId;
    const sayingMs = JSON.parse(logOf(name).split('\n').find((line) => line.startsWith('{')) ?? '{}') as { time: number };
    expect(Math.abs(sayingMs.time - Date.now() - days * 86_400_000)).toBeLessThan(3 * 86_400_000);
    const first = certificate(name);
    const blink = await exampleGuest('blink');
    const version = `2.0.${Math.abs(days)}`;
    await world.bind(device, 'blink', { led, button });
    const rollout = await world.rollOut(await world.push({ app: 'blink', version, counter: Math.abs(days), ...blink, wasm: Buffer.concat([blink.wasm, Buffer.from([0, 3, 1, 0x6e, Math.abs(days) & 0xff])]) }), device);
    expect(await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused', 'timed_out'] })).toMatchObject({ state: 'proven' });
    await until('another certificate', () => certificate(name).serialNumber !== first.serialNumber || undefined, 90_000);
    await online(device);
  });
});
