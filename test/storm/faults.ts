/** How a blow falls, and how what it did is healed. */
import { connectAsync } from 'mqtt';
import { join } from 'node:path';
import { type Random, systemClock } from '@pier/shared/core';
import { topics } from '@pier/shared/wire';
import { stolenIdentity } from '../support/stolen.ts';
import { signalAll } from '../support/processes.ts';
import { childrenOf } from './cast.ts';
import { type Blow, type Round, below, newcomerOf } from './plan.ts';
import type { Scene, StormDevice } from './scene.ts';

/** Messages to devices that were seen on the wire, to be played again. */
export type Heard = { readonly topic: string; readonly payload: Buffer };

/** Strikes, waits as long as the round says, and heals; resolves when nothing is stopped, cut or slow any more. */
export async function strike(scene: Scene, { round, random, heard }: { round: Round; random: Random; heard: readonly Heard[] }): Promise<void> {
  const { blow, holdMs } = round;
  const device = scene.devices[round.device];
  if (!device) throw new Error(`there is no device ${round.device}`);
  if (blow.victim === 'link') return strikeLink(scene, blow.act, holdMs);
  if (blow.victim === 'wire') return replay(scene, { random, heard, device });
  if (blow.victim === 'postgres') return strikePostgres(scene, blow.act, holdMs);
  const newcomer = newcomerOf(round);
  const name = blow.victim === 'agent' && scene.cast.names.includes(newcomer) ? newcomer : nameOf(blow, device);
  if (blow.victim === 'board') excuse(scene, device.name, holdMs);
  if (blow.act === 'stop') return pause(scene.cast.mains(name), holdMs);
  // Devices and the manager are back as soon as somebody notices; the others as late as they like.
  scene.cast.arrange(name, { downMs: blow.victim === 'agent' || blow.victim === 'manager' ? 0 : holdMs });
  if (blow.act === 'kill-all') excuseUntilUp(scene, device.name);
  signalAll(blow.act === 'kill-all' ? scene.cast.processes(name) : scene.cast.mains(name), 'SIGKILL');
}

function nameOf({ victim }: Blow, device: StormDevice): string {
  if (victim === 'agent') return device.name;
  return victim === 'board' ? device.board : victim;
}

async function pause(running: readonly { readonly pid: number }[], ms: number): Promise<void> {
  signalAll(running, 'SIGSTOP');
  await systemClock.sleep(ms);
  signalAll(running, 'SIGCONT');
}

async function strikeLink({ lines }: Scene, act: 'cut' | 'slow', ms: number): Promise<void> {
  for (const line of lines) {
    if (act === 'cut') line.cut();
    else line.slow(slowMs);
  }
  await systemClock.sleep(ms);
  for (const line of lines) {
    line.mend();
    line.slow(0);
  }
}

const slowMs = 400;

/** The server's children, one for each connection, stop with it; of a killed one they go by themselves. */
async function strikePostgres({ cast }: Scene, act: 'kill' | 'stop', ms: number): Promise<void> {
  const server = cast.processes('manager').filter(({ program }) => program === 'postgres');
  if (act === 'kill') return signalAll(server, 'SIGKILL');
  return pause([...server, ...server.flatMap(({ pid }) => childrenOf(pid))], ms);
}

/** A line of a board that is not there, or stands still, can be made safe by nobody. */
function excuse(scene: Scene, device: string, ms: number): void {
  const fromNs = systemClock.monotonicNs();
  note(scene, device, { fromNs, toNs: fromNs + BigInt(ms + boardGraceMs) * 1_000_000n });
}

const boardGraceMs = 10_000;

/** Without the launcher there is no stop hook: the next agent is the first who can make outputs safe. */
export function excuseUntilUp(scene: Scene, device: string): void {
  note(scene, device, { fromNs: systemClock.monotonicNs(), toNs: undefined });
}

function note({ excuses }: Scene, device: string, one: { readonly fromNs: bigint; toNs: bigint | undefined }): void {
  excuses.set(device, [...(excuses.get(device) ?? []), one]);
}

/** Plays what a device was told again: doubled, late, and in another order than it came. */
async function replay({ world }: Scene, { random, heard, device }: { random: Random; heard: readonly Heard[]; device: StormDevice }): Promise<void> {
  const own = heard.filter(({ topic }) => topic.includes(`/${device.id}/`)).flatMap((one) => [one, one]);
  const shuffled = own.map((one) => ({ one, at: below(1_000_000, random) })).toSorted((a, b) => a.at - b.at).map(({ one }) => one);
  const client = await asManager(world);
  for (const { topic, payload } of shuffled) await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
}

/** Somebody who owns the broker: may say and hear all, and can sign nothing. */
async function asManager({ dir, manager }: Scene['world']) {
  return connectAsync(manager.mqtt, { ...(await stolenIdentity(join(dir, 'manager', 'authority'), 'manager:storm')), protocolVersion: 4, reconnectPeriod: 0 }, false);
}

const heardMax = 200;

/** Hears what devices are told, for as long as the broker lives and again when it is back. */
export async function eavesdrop({ world }: Scene): Promise<{ readonly heard: readonly Heard[] } & AsyncDisposable> {
  const heard: Heard[] = [];
  const identity = await stolenIdentity(join(world.dir, 'manager', 'authority'), 'manager:ear');
  const client = await connectAsync(world.manager.mqtt, { ...identity, protocolVersion: 4, reconnectPeriod: 500 }, false);
  client.on('error', () => {});
  client.on('message', (topic, payload) => {
    heard.push({ topic, payload });
    if (heard.length > heardMax) heard.shift();
  });
  await client.subscribeAsync([topics.desired.filter, topics.command.filter], { qos: 1 });
  return { heard, [Symbol.asyncDispose]: () => client.endAsync(true) };
}
