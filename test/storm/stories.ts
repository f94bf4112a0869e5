/** What people want of a fleet, while it is struck. Each story says how it is to end, whatever happens on the way, and what is wrong if it did not. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import { join } from 'node:path';
import { type AppName, AppName as AppNameSchema, CommandId, Fault, type FaultCode, canonicalJson, systemClock, toFault } from '@pier/shared/core';
import type { AnswerOf, RolloutVerb } from '@pier/shared/api';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { topics } from '@pier/shared/wire';
import { type Guest, talkingGuest, trappingGuest } from '../support/guests.ts';
import { stolenIdentity } from '../support/stolen.ts';
import { command, imported } from '../support/wat.ts';
import { type Round, type StoryName, newcomerOf } from './plan.ts';
import { type Scene, type StormDevice, blink, talk } from './scene.ts';

/** Plays to the end; gives what did not end as it should. */
export type Play = () => Promise<string[]>;
/** Makes ready what needs no courage, before anybody is struck. */
export type Story = (scene: Scene, stage: Stage) => Promise<Play>;
export type Stage = {
  readonly round: Round;
  /** Of a version that no round has used. */
  readonly counter: number;
  readonly notes: string[];
  /** Commands that were sent, to be followed until they have ended. */
  readonly commands: { readonly id: string; readonly device: StormDevice; readonly byManager: boolean }[];
};

/** As patient as a machine needs that does other work beside. */
const endMs = 180_000;
const lookMs = 200;

/** What another try may cure: somebody is away, or just came back. */
const away: ReadonlySet<FaultCode> = new Set(['unreachable', 'timed-out', 'internal', 'registry-error', 'too-many-requests'] as const);

/** Tries until it is done; what is asked for once has a key, so that asking again does nothing twice. */
async function persist<T>(what: string, attempt: () => Promise<T>, also: readonly FaultCode[] = []): Promise<T> {
  const untilMs = systemClock.monotonicMs() + endMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      const fault = toFault(cause);
      if (systemClock.monotonicMs() > untilMs || !(away.has(fault.code) || also.includes(fault.code))) throw new Fault(fault.code, `${what}: ${fault.message}`, {}, cause);
      await systemClock.sleep(lookMs);
    }
  }
}

/** Looks until something is as wanted; gives what was seen last when it never is. */
async function wait<T>(look: () => Promise<T>, isSo: (seen: T) => boolean, limitMs = endMs): Promise<T> {
  const untilMs = systemClock.monotonicMs() + limitMs;
  for (;;) {
    const seen = await persist('looking', look);
    if (isSo(seen) || systemClock.monotonicMs() > untilMs) return seen;
    await systemClock.sleep(lookMs);
  }
}

type Rollout = AnswerOf<'getRollout'>;

/** A release, pushed and registered before the storm, that is rolled out in it. */
async function release(scene: Scene, { counter }: Stage, { app, guest }: { app: AppName; guest: Guest }): Promise<string> {
  const wasm = Buffer.concat([guest.wasm, Buffer.from([0, 6, 1, 0x6e, ...Buffer.from(new Uint32Array([counter]).buffer)])]);
  const { repository, digest } = await persist('pushing', () => scene.world.push({ app, version: `1.0.${counter}`, counter, ...guest, wasm }));
  return (await persist('registering', () => scene.world.api.call('createRelease', { body: { repository, digest } }))).id;
}

type Plan = { readonly release: string; readonly key: string; readonly soakS?: number; /** Else one device goes first. */ readonly atOnce?: boolean };

async function start({ world, devices }: Scene, { release: id, key, soakS = 1, atOnce = false }: Plan): Promise<string> {
  const body = { release: id, devices: devices.map((one) => one.id), soakS, deadlineS: 120, waves: [...(atOnce ? [] : [{ take: { by: 'percent' as const, percent: 50 } }]), { take: { by: 'rest' as const } }] };
  return (await persist('starting a rollout', () => world.api.call('createRollout', { body, idempotencyKey: key }), ['conflict'])).id;
}

const look = ({ world }: Scene, id: string) => () => world.api.call('getRollout', { params: { id } });

async function act({ world }: Scene, id: string, { verb, key }: { verb: RolloutVerb; key: string }): Promise<void> {
  await persist(verb, () => world.api.call('actOnRollout', { params: { id }, ifMatch: '*', body: { verb } as never, idempotencyKey: key }), ['conflict']);
}

async function statesOf({ world }: Scene, id: string): Promise<string[]> {
  const { items } = await persist('listing', () => world.api.call('listDeployments', { params: { id }, query: {} }));
  return items.map(({ device, state, reason }) => `${device} ${state} ${reason?.code ?? ''}`.trim());
}

function expectThat(isSo: boolean, words: string): string[] {
  return isSo ? [] : [words];
}

const troubles = /board-gone|hardware-fault|line-busy|timed-out|guest-unhealthy/;
const retriesMax = 3;

/** A rollout that is to be proven everywhere. A board that stood still may cost an attempt: a person then lets it try again. */
async function prove(scene: Scene, stage: Stage, plan: Plan): Promise<{ readonly id: string; readonly wrong: string[] }> {
  const id = await start(scene, plan);
  const mayFail = stage.round.blow.victim === 'board' || stage.round.blow.act === 'stop';
  for (let retries = 0; ; retries += 1) {
    const seen = await wait(look(scene, id), ({ state }) => state === 'completed' || state === 'paused');
    const states = await statesOf(scene, id);
    if (seen.state === 'completed') {
      const proven = await wait(() => statesOf(scene, id), (now) => now.every((one) => one.endsWith(' proven')));
      return { id, wrong: expectThat(proven.every((one) => one.endsWith(' proven')), `rollout ${id} is completed, and its devices are ${proven.join(', ')}`) };
    }
    const excused = mayFail && states.some((one) => troubles.test(one));
    if (seen.state !== 'paused' || !excused || retries >= retriesMax) return { id, wrong: [`rollout ${id} should be completed and is ${wordsOf(seen)}: ${states.join(', ')}`] };
    stage.notes.push(`tried again: ${states.join(', ')}`);
    await act(scene, id, { verb: 'retry', key: `${plan.key}-retry-${retries}` });
  }
}

function wordsOf({ state, cause, reason }: Rollout): string {
  return [state, cause, reason?.reason].filter(Boolean).join(' ');
}

/** The version of an app that each device says it runs. */
async function versionsOf({ world, devices }: Scene, app: AppName): Promise<(string | undefined)[]> {
  return Promise.all(devices.map(async ({ id }) => (await persist('looking at a device', () => world.look(id))).reported?.apps[app]?.running?.version));
}

async function runs(scene: Scene, app: AppName, wanted: readonly (string | undefined)[]): Promise<string[]> {
  const seen = await wait(() => versionsOf(scene, app), (now) => now.every((one, index) => one === wanted[index]));
  return expectThat(seen.every((one, index) => one === wanted[index]), `${app} should run as ${wanted.join(' and ')}, and runs as ${seen.join(' and ')}`);
}

const deploy: Story = async (scene, stage) => {
  const id = await release(scene, stage, { app: blink, guest: scene.blinkGuest });
  return async () => {
    const { wrong } = await prove(scene, stage, { release: id, key: `deploy-${stage.counter}` });
    return [...wrong, ...(await runs(scene, blink, scene.devices.map(() => `1.0.${stage.counter}`)))];
  };
};

/** A release that no device takes, or that is bad: its rollout stops at the first wave, a person ends it, and everybody runs what ran before. */
function bad(of: () => Promise<Guest>, soakS: number, ends: RegExp): Story {
  return async (scene, stage) => {
    const before = await versionsOf(scene, blink);
    const id = await release(scene, stage, { app: blink, guest: await of() });
    return async () => {
      const key = `bad-${stage.counter}`;
      const rollout = await start(scene, { release: id, key, soakS, atOnce: true });
      const stopped = await wait(look(scene, rollout), ({ state }) => state === 'paused');
      if (stopped.state !== 'paused') return [`rollout ${rollout} of a bad release should be paused and is ${wordsOf(stopped)}: ${(await statesOf(scene, rollout)).join(', ')}`];
      const states = await statesOf(scene, rollout);
      await act(scene, rollout, { verb: 'abort', key: `${key}-abort` });
      const ended = await wait(look(scene, rollout), ({ state }) => state === 'aborted');
      const isKnown = states.some((one) => ends.test(one) || troubles.test(one));
      return [...expectThat(ended.state === 'aborted', `rollout ${rollout} should be aborted and is ${wordsOf(ended)}`), ...expectThat(isKnown, `a bad release ended as ${states.join(', ')}`), ...(await runs(scene, blink, before))];
    };
  };
}

const ledAsk = { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] };
const refuse = bad(async () => ({ wasm: await command('(drop (call $sing))', { imports: [imported('opera.sing', ':i')] }), asks: ledAsk, limits: {} }), 1, /refused/);
const fail = bad(() => trappingGuest(300), 5, /failed/);

/** An app comes, and goes again with its rollout. */
const rollBack: Story = async (scene, stage) => {
  const app = AppNameSchema.parse(`fad-${stage.counter}`);
  const id = await release(scene, stage, { app, guest: await talkingGuest(1_000) });
  return async () => {
    const key = `fad-${stage.counter}`;
    const { id: rollout, wrong } = await prove(scene, stage, { release: id, key });
    if (wrong.length > 0) return wrong;
    await act(scene, rollout, { verb: 'roll_back', key: `${key}-back` });
    const ended = await wait(look(scene, rollout), ({ state }) => state === 'rolled_back');
    const states = await statesOf(scene, rollout);
    return [...expectThat(ended.state === 'rolled_back' && states.every((one) => one.endsWith(' rolled_back')), `rollout ${rollout} should be rolled back and is ${wordsOf(ended)}: ${states.join(', ')}`), ...(await runs(scene, app, scene.devices.map(() => undefined)))];
  };
};

const commandsEach = 3;

/** Restarts under the manager's key, and one under a person's that comes three times. Whether each ends, and once, is the judge's to say. */
const commands: Story = async (scene, stage) => async () => {
  const device = scene.devices[stage.round.device];
  if (!device) return ['there is no device'];
  const { world } = scene;
  for (let n = 0; n < commandsEach; n += 1) {
    const idempotencyKey = `restart-${stage.counter}-${n}`;
    const sent = await persist('a restart', () => world.api.call('commandApp', { params: { device: device.id }, body: { verb: 'app.restart', app: blink }, idempotencyKey }), ['conflict']);
    stage.commands.push({ id: sent.id, device, byManager: true });
    await systemClock.sleep(300);
  }
  const id = `storm-${stage.counter}`;
  await persist('a command by hand', () => byHand(scene, device, id));
  stage.commands.push({ id, device, byManager: false });
  return [];
};

async function byHand({ world }: Scene, device: StormDevice, id: string): Promise<void> {
  const order = { id: CommandId.parse(id), device: device.id, cmd: 'app.restart', args: { app: blink }, ttl: 60, number: systemClock.nowMs() };
  const payload = JSON.stringify(signEnvelope({ payloadType: payloadTypes.command, payload: canonicalJson(order), privatePem: world.keys.operator.privatePem }));
  const identity = await stolenIdentity(join(world.dir, 'manager', 'authority'), 'operator:storm');
  const client = await connectAsync(world.manager.mqtt, { ...identity, protocolVersion: 4, reconnectPeriod: 0 }, false);
  client.on('error', () => {});
  try {
    for (let times = 0; times < 3; times += 1) await client.publishAsync(topics.command.of({ device: device.id }), payload, { qos: 1 });
  } finally {
    await client.endAsync(true);
  }
}

/** A new device comes, whatever is in its way; it is one device, and its token is used once. */
const enrol: Story = async (scene, { round }) => {
  const name = newcomerOf(round);
  const token = await persist('a token', () => scene.world.token());
  return async () => {
    scene.cast.enter(scene.newcomer(name, token).actor, ownDeath(round));
    const wrong = await isThere(scene, name);
    await scene.cast.leave(name);
    return wrong;
  };
};

/** What kills an agent that the story starts. */
function ownDeath({ blow, when }: Round): NodeJS.ProcessEnv {
  return blow.victim === 'agent' && when.kind === 'step' && when.self ? { PIER_DIE_AT: `${when.step}:${when.nth}` } : {};
}

async function isThere({ world }: Scene, name: string): Promise<string[]> {
  const found = async () => (await world.api.call('listDevices', { query: { limit: 500 } })).items.filter((one) => one.name === name);
  const seen = await wait(found, (items) => items.length > 0 && items.every(({ online }) => online));
  return expectThat(seen.length === 1 && seen[0]?.online === true, `${name} should be one device, online; the manager knows ${seen.length}${seen.map(({ id, state, online }) => ` ${id} ${state} ${online ? 'online' : 'offline'}`).join(',')}`);
}

/** Half a minute, so that two thirds of it are over while the story lasts. */
const shortLifeDays = '0.00035';

/** A device comes while certificates live for moments; it has another one, with a key of its own, before its first has run out or soon after. */
const renew: Story = async (scene, { round }) => {
  const name = newcomerOf(round);
  const { actor, folder } = scene.newcomer(name, await persist('a token', () => scene.world.token()));
  scene.managerWords.push('--device-certificate-days', shortLifeDays);
  await scene.cast.restart('manager');
  scene.cast.enter(actor);
  const before = await isThere(scene, name);
  const [first] = identitiesOf(folder);
  return async () => {
    const env = ownDeath(round);
    if (Object.keys(env).length > 0) await scene.cast.restart(name, { env });
    const now = await wait(async () => identitiesOf(folder), ([certificate, fits]) => certificate !== first && fits === 'its key');
    const wrong = [...before, ...expectThat(now[0] !== first && now[1] === 'its key', `${name} should have another certificate and its key; it is ${now[0] === first ? 'the first one' : 'another one'}, with ${now[1]}`), ...(await isThere(scene, name))];
    scene.managerWords.length = 0;
    await scene.cast.leave(name);
    return wrong;
  };
};

/** The certificate that a device has on its disk, and whether its key is there. */
function identitiesOf(folder: string): [certificate: string, key: string] {
  const read = (file: string): string => readFileSync(join(folder, 'identity', file), 'utf8');
  try {
    const { certificate } = JSON.parse(read('enrolment.json')) as { certificate: string };
    return [certificate, new X509Certificate(certificate).checkPrivateKey(createPrivateKey(read('key.pem'))) ? 'its key' : 'another key'];
  } catch {
    // It is being written.
    return ['', 'no key'];
  }
}

/** Somebody reads what an app says, and goes on reading. */
const readLog: Story = async (scene, stage) => async () => {
  const device = scene.devices[stage.round.device];
  if (!device) return ['there is no device'];
  const read = (after?: string) => scene.world.api.call('getLog', { params: { device: device.id, app: talk }, query: { limit: 500, ...(after === undefined ? {} : { after }) } });
  const ids: string[] = [];
  const first = await wait(() => read(), ({ lines }) => lines.length > 0);
  const untilMs = systemClock.monotonicMs() + readMs;
  let at = first.next;
  while (systemClock.monotonicMs() < untilMs) {
    const page = await persist('reading on', () => read(at), ['input-invalid']);
    at = page.next;
    ids.push(...page.lines.map((line) => line.id));
    await systemClock.sleep(500);
  }
  const last = await wait(() => read(at), ({ lines }) => lines.length > 0);
  return [...expectThat(first.lines.length > 0 && last.lines.length > 0, 'an app that talks was not heard'), ...expectThat(new Set(ids).size === ids.length, `of ${ids.length} lines that were read on, ${ids.length - new Set(ids).size} came twice`)];
};

const readMs = 5_000;

export const stories: Readonly<Record<StoryName, Story>> = { deploy, refuse, fail, 'roll back': rollBack, command: commands, enrol, renew, 'log lease': readLog };
