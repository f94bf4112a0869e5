/** Whether everything has come to rest after a round, and came to rest rightly. */
import { sql } from 'drizzle-orm';
import { isoTime, systemClock, toFault } from '@pier/shared/core';
import { checkInvariants } from '../support/invariants.ts';
import { readRecord } from '../support/record.ts';
import { type AppOnDisk, type OnDisk, damagedBlobs, readDevice } from './device-state.ts';
import { isExcused, safeWithinMs, unsafeMs } from './outputs.ts';
import type { Scene, StormDevice } from './scene.ts';
import type { Stage } from './stories.ts';

const restMs = 150_000;
const lookMs = 300;
/** A device that has not reconnected by then may be in its back-off, which a storm need not sit out each time. */
const nudgeMs = 8_000;
/** Machines that do other work beside start the stop hook late; what is past this is a finding on any of them. */
const slack = 5;

/** How often each command began to run, by id, as its agent logged it. */
export type Runs = ReadonlyMap<string, number>;
/** `unsafeMs`: of each death of an agent, how long its light was on afterwards. */
export type Verdict = { readonly wrong: string[]; readonly unsafeMs: number[]; readonly nudged: number };
type About = { readonly stage: Stage; readonly runs: Runs; readonly fromNs: bigint };

/** Waits until all is at rest, then looks at what must never have been. */
export async function judge(scene: Scene, about: About): Promise<Verdict> {
  const { unrest, nudged } = await rest(scene, about);
  const outputs = judgeOutputs(scene, about.fromNs);
  const wrong = [
    ...unrest,
    ...scene.devices.flatMap((device) => damagedBlobs(device.folder).map((words) => `${device.name}: ${words}`)),
    ...[...about.runs].flatMap(([id, times]) => (times > 1 ? [`command ${id} ran ${times} times`] : [])),
    ...outputs.wrong,
    ...scene.cast.findings.splice(0),
    ...strangers(scene),
  ];
  return { wrong, unsafeMs: outputs.unsafe, nudged };
}

async function rest(scene: Scene, { stage }: About): Promise<{ unrest: string[]; nudged: number }> {
  const startedMs = systemClock.monotonicMs();
  let nudged = 0;
  for (;;) {
    const unrest = await unrestOf(scene, stage).catch((cause: unknown) => [`nothing can be seen: ${toFault(cause).message}`]);
    const passedMs = systemClock.monotonicMs() - startedMs;
    if (unrest.length === 0 || passedMs > restMs) return { unrest, nudged };
    if (!stage.round.patient && passedMs > nudgeMs && nudged === 0) {
      const away = await offline(scene).catch(() => []);
      nudged += away.length;
      await Promise.all(away.map(({ name }) => scene.cast.restart(name)));
    }
    await systemClock.sleep(lookMs);
  }
}

async function offline(scene: Scene): Promise<StormDevice[]> {
  const seen = await Promise.all(scene.devices.map(async (device) => ({ device, isThere: await isThere(scene, device) })));
  return seen.filter((one) => !one.isThere).map(({ device }) => device);
}

/** Waits until all devices are there again by themselves; a storm goes on without one that is not. */
export async function untilThere(scene: Scene): Promise<void> {
  const untilMs = systemClock.monotonicMs() + restMs;
  while (systemClock.monotonicMs() < untilMs) {
    const away = await offline(scene).catch(() => scene.devices);
    if (away.length === 0) return;
    await systemClock.sleep(lookMs);
  }
}

/** Online, and heard since the manager's last death: what an earlier one heard says nothing of who is connected to this one. */
async function isThere({ db, managerSinceMs }: Scene, { id }: StormDevice): Promise<boolean> {
  const { rows } = await db.execute<{ there: boolean }>(sql`select online and last_seen_at > ${isoTime(managerSinceMs())}::timestamptz as there from device_live where device_id = ${id}`);
  return rows[0]?.there === true;
}

async function unrestOf(scene: Scene, stage: Stage): Promise<string[]> {
  const { cast } = scene;
  const down = cast.names.filter((name) => !cast.isUp(name));
  if (down.length > 0) return down.map((name) => `${name} is not up`);
  const health = await scene.world.api.call('health', {});
  if (!health.ok) return [`the manager is not well: ${JSON.stringify(health)}`];
  const perDevice = await Promise.all(scene.devices.map((device) => unrestOfDevice(scene, device)));
  return [...perDevice.flat(), ...(await unrestOfManager(scene)), ...(await unrestOfCommands(scene, stage))];
}

const finalStates: ReadonlySet<string> = new Set(['proven', 'failed', 'refused']);

async function unrestOfDevice(scene: Scene, device: StormDevice): Promise<string[]> {
  const { world, db } = scene;
  const { id, name, folder } = device;
  const onDisk = readDevice(folder);
  const seen = await world.look(id);
  const { rows } = await db.execute<{ rev: string; desired_hash: string }>(sql`select rev, desired_hash from device_state where device_id = ${id}`);
  const [state] = rows;
  const isBehind = onDisk.desired?.hash !== state?.desired_hash || String(onDisk.desired?.rev) !== String(state?.rev);
  const running = new Map(Object.entries(seen.reported?.apps ?? {}).map(([app, reported]) => [app, reported.running?.digest]));
  const wrong = [
    ...((await isThere(scene, device)) ? [] : ['is not there']),
    ...(isBehind ? [`has desired ${onDisk.desired?.rev}, the manager ${state?.rev}`] : []),
    ...[...onDisk.commands].filter(([, one]) => one.state === 'accepted' || one.state === 'running').map(([command, one]) => `has command ${command} ${one.state}`),
    ...onDisk.waiting.map(({ kind, key }) => `has ${kind} ${key} to send`),
    ...[...onDisk.apps].flatMap(([app, record]) => unrestOfApp(record, running.get(app), onDisk).map((words) => `${words}: ${app}`)),
  ];
  return wrong.map((words) => `${name} ${words}`);
}

function unrestOfApp({ wanted, progress, current }: AppOnDisk, running: string | undefined, { releases }: OnDisk): string[] {
  if (wanted === null) return ['still has what nobody wants'];
  const isOver = progress?.attempt === wanted.attempt && finalStates.has(progress.state);
  return [
    ...(isOver ? [] : [`is in progress with attempt ${progress?.attempt ?? 'none'} ${progress?.state ?? ''} of ${wanted.attempt}`]),
    ...(current === (running ?? null) ? [] : [`reports ${running ?? 'nothing'} to run, and holds ${current ?? 'nothing'} to be current`]),
    ...(current === null || releases.has(current) ? [] : [`runs ${current} without evidence`]),
  ];
}

async function unrestOfManager({ db }: Scene): Promise<string[]> {
  const inFlight = await db.execute(sql`select rollout_id, device_id, state from deployment where state in ('offered', 'accepted', 'downloading', 'verifying', 'applying', 'soaking', 'rolling_back')`);
  const live = await db.execute(sql`select id, state from rollout where state in ('awaiting_approval', 'running', 'paused', 'aborting', 'rolling_back')`);
  const outbox = await db.execute(sql`select topic from outbox`);
  const broken = await checkInvariants(db);
  return [
    ...inFlight.rows.map((row) => `a deployment is in flight: ${JSON.stringify(row)}`),
    ...live.rows.map((row) => `a rollout goes on: ${JSON.stringify(row)}`),
    ...outbox.rows.map((row) => `a message is not published: ${JSON.stringify(row)}`),
    ...broken.map((words) => `broken invariant: ${words}`),
  ];
}

/** Each command has ended on its device; the manager knows how, or gives it up at its deadline when the device never heard of it. */
async function unrestOfCommands({ db }: Scene, { commands }: Stage): Promise<string[]> {
  const wrong: string[] = [];
  for (const { id, device, byManager } of commands) {
    const there = readDevice(device.folder).commands.get(id)?.state;
    if (!byManager) continue;
    const { rows } = await db.execute<{ state: string; overdue: boolean }>(sql`select state, deadline_at < now() - interval '20 s' as overdue from command where id = ${id}`);
    const [here] = rows;
    if (here === undefined) wrong.push(`command ${id} was sent, and the manager has lost it`);
    else if (there !== undefined && here.state !== there) wrong.push(`command ${id} is ${there} on ${device.name}, and ${here.state} for the manager`);
    else if (there === undefined && here.state !== 'unanswered' && here.overdue) wrong.push(`command ${id} never came to ${device.name}, and is ${here.state} long after its deadline`);
    else if (there === undefined && !['sent', 'unanswered'].includes(here.state)) wrong.push(`command ${id} is not on ${device.name}, and ${here.state} for the manager`);
  }
  return wrong;
}

/** What became of the lights of the agents that died in this round, as their boards wrote it down. */
function judgeOutputs({ devices, excuses, deaths }: Scene, fromNs: bigint): { wrong: string[]; unsafe: number[] } {
  const untilNs = systemClock.monotonicNs();
  const seen = devices.flatMap(({ name, record }) => {
    const own = (deaths.get(name) ?? []).filter((atNs) => atNs >= fromNs && !isExcused(atNs, excuses.get(name) ?? []));
    const rows = own.length === 0 ? [] : readRecord(record);
    return own.map((deathNs) => ({ name, deathNs, ms: unsafeMs(rows, { name: 'GPIO17', safeLevel: 0, deathNs, untilNs }) }));
  });
  const long = seen.filter(({ ms }) => ms > safeWithinMs * slack);
  return { unsafe: seen.map(({ ms }) => ms), wrong: long.map(({ name, ms, deathNs }) => `the light of ${name} was on for ${ms} ms after its agent was gone, from ${deathNs}`) };
}

/** Processes of this storm that nobody of the cast is. */
function strangers({ cast }: Scene): string[] {
  return cast.names.flatMap((name) => {
    const mains = cast.mains(name);
    return mains.length > 1 ? [`${name} runs ${mains.length} times: ${mains.map(({ pid }) => pid).join(', ')}`] : [];
  });
}
