import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppName, Fault, systemClock } from '@pier/shared/core';
import { run } from '../../support/pier.ts';
import { type Built, type Play, build, detailOf, idsOf, others, pier, pierEnds, player, push, release, replaceOnce, runningAt, soakS, start, waveOf } from '../play.ts';

/** Attacks number their documents ahead of the manager's, which may write one of its own meanwhile. */
const attackAheadMs = 60_000;
const canary = 'mill-2';

/** One bit flipped on the way: the canary refuses, and nobody else is asked. */
export async function refuseCorrupted(play: Play): Promise<void> {
  const { steps, judge, mirror } = play;
  const before = await runningAt(play, play.fleet, 'blink');
  const rollout = await steps.step('blink 1.1.0 is signed and rolled out, but the site cache flips one bit of it', async () => {
    const built = await build(play, { version: '1.1.0', edit: (source) => replaceOnce(source, '= 250', '= 200') });
    await fetch(`${mirror}/corrupt/${built.layer}`, { method: 'POST' });
    return start(play, { release: await release(play, await push(play, built, 'release')), players: play.fleet, waves: [waveOf([player(play, canary)])] });
  });
  await steps.step('the canary refuses the flipped bit', () => judge.ask('deployment', { device: player(play, canary).device, rollout, state: 'refused', code: 'digest-mismatch' }));
  await steps.step('the gate stops the rollout; pier rollout watch tells it and ends with 1', () => pierEnds(play, ['rollout', 'watch', rollout, '--timeout', '30'], 1));
  await steps.step('nobody else was offered it', () => judge.ask('neverOffered', { id: rollout, devices: idsOf(others(play, canary)) }));
  await steps.step('the good version was never stopped anywhere', () => judge.ask('untouched', { since: before, app: 'blink' }));
  await steps.step('and each device’s state has a reason; the counts add up', () => judge.ask('explained', { id: rollout, code: 'device.refused' }));
  await steps.step('the operator aborts it', () => pierEnds(play, ['rollout', 'abort', rollout, '--remark', 'the cache is broken'], 0));
}

/** Signed by nobody whom the policy names: refused by the manager, and by the device when a thief offers it all the same. */
export async function refuseStranger(play: Play): Promise<void> {
  const { steps, judge } = play;
  const { device } = player(play, canary);
  const before = await runningAt(play, [player(play, canary)], 'blink');
  const built = await steps.step('blink 1.1.1 is signed by a key that nobody named', async () => {
    const source = await build(play, { version: '1.1.1', edit: (text) => replaceOnce(text, '= 250', '= 150') });
    return { source, pushed: await push(play, source, 'stranger') };
  });
  await steps.step('the manager does not take it for a rollout (exit status 3)', () => pierEnds(play, ['release', 'create', built.pushed.reference], 3));
  await steps.step('offered all the same with a stolen scheduler key, the device refuses it', async () => {
    await attack(play, 'forged', { built: built.source, digest: built.pushed.digest });
    return judge.ask('refused', { device, code: 'untrusted-signer', digest: built.pushed.digest });
  });
  await steps.step('somebody who owns the broker publishes an unsigned desired document; the device refuses it', async () => {
    await attack(play, 'unsigned', { built: { version: '9.9.9', counter: 99_999 }, digest: `sha256:${'0'.repeat(64)}` });
    return judge.ask('refused', { device, code: 'desired-unsigned', type: 'desired.refused' });
  });
  await steps.step('the good version was never stopped', () => judge.ask('untouched', { since: before, app: 'blink' }));
}

/** Offers an artifact to the canary as a broken-into manager or broker would; `unsigned` without, `forged` with the stolen scheduler key. */
async function attack(play: Play, mode: 'forged' | 'unsigned', { built, digest }: { built: Pick<Built, 'version' | 'counter'>; digest: string }): Promise<void> {
  const victim = player(play, canary);
  const seen = await detailOf(play, victim);
  const blink = AppName.parse('blink');
  const meter = AppName.parse('meter');
  const beside = Object.fromEntries(seen.assignments.filter((one) => one.app === meter).map((one) => [one.app, { repository: 'apps/meter', digest: one.digest, version: one.version, counter: 10_000, attempt: one.attempt, soakS, bindings: seen.bindings[meter] ?? {} }]));
  const app = { repository: 'apps/blink', digest, version: built.version, counter: built.counter, attempt: 1 + (seen.reported?.apps[blink]?.attempt ?? 0), soakS, bindings: seen.bindings[blink] ?? {} };
  const desired = { device: victim.device, rev: systemClock.nowMs() + attackAheadMs, policy: seen.reported?.policy ?? 0, apps: { ...beside, blink: app } };
  const file = join(play.dir, `attack-${mode}-${built.version}.json`);
  writeFileSync(file, JSON.stringify({ authority: join(play.dir, 'manager', 'authority'), mqtt: play.manager.mqtt, desired }));
  const ran = await run(process.execPath, [fileURLToPath(new URL('../attacker.ts', import.meta.url)), mode, file], { env: play.env });
  if (ran.status !== 0) throw new Fault('internal', `the attacker did not get through: ${ran.stderr}`);
}

/** One more pin than the owner agreed to: the rollout says so, waits where it must, and goes on by itself. */
export async function waitForConsent(play: Play): Promise<void> {
  const { steps, judge, env } = play;
  const first = player(play, 'quay-1');
  const rest = others(play, 'quay-1');
  const id = await steps.step('blink 1.2.0 asks for one more pin, the siren', async () => {
    const siren = { label: 'siren', mode: 'out', safe: 'inactive' };
    return release(play, await push(play, await build(play, { version: '1.2.0', asks: (asks) => void asks.gpio.push(siren) }), 'release'));
  });
  const bind = (one: (typeof rest)[number]) => pier(env, ['binding', 'set', one.device, 'blink', `led=${one.chip}:17:out`, `button=${one.chip}:27:in`, `siren=${one.chip}:22:out`]);
  await steps.step('the operator binds it on one device', () => bind(first));
  await steps.step('the forecast names the devices that would wait for a binding', async () => {
    const seen = await pier<{ wouldWait: { code: string; count: number; sentence: string }[] }>(env, ['rollout', 'start', id, '--device', ...idsOf(play.fleet), '--dry-run']);
    const unbound = seen.wouldWait.find((one) => one.code === 'capability.unbound');
    if (unbound?.count !== rest.length) throw new Fault('internal', `the forecast says ${JSON.stringify(seen.wouldWait)}`);
    return `${unbound.count} ${unbound.sentence}`;
  });
  const rollout = await steps.step('its rollout starts', () => start(play, { release: id, players: play.fleet, waves: [waveOf([first])] }));
  await steps.step('the bound device runs it', () => judge.ask('runs', { devices: [first.device], app: 'blink', version: '1.2.0' }));
  await steps.step('the others wait, and say why', () => judge.ask('deployment', { device: rest[0]?.device ?? '', rollout, state: 'waiting', code: 'capability.unbound' }));
  await steps.step('pier device why names it, with evidence', () => judge.ask('why', { device: rest[0]?.device ?? '', app: 'blink', code: 'capability.unbound' }));
  await steps.step('somebody binds the siren on the others; nothing else is typed', async () => {
    for (const one of rest) await bind(one);
  });
  await steps.step('the rollout goes on by itself, and completes', () => judge.ask('rollout', { id: rollout, state: 'completed' }));
  await steps.step('all six run it', () => judge.ask('runs', { devices: idsOf(play.fleet), app: 'blink', version: '1.2.0' }));
}
