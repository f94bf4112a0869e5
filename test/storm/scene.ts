/** Where a storm takes place: a manager, a registry's mirror, and two devices with boards and agents, all of them real processes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import { AppName, type DeviceId, systemClock } from '@pier/shared/core';
import type { Db } from '../../manager/src/db/index.ts';
import { type Guest, exampleGuest, talkingGuest } from '../support/guests.ts';
import { type Line, openLine } from '../support/line.ts';
import { type World, button, led, openWorld, rolloutIn } from '../support/world.ts';
import { type Actor, Cast } from './cast.ts';
import type { Excuse } from './outputs.ts';

export const blink = AppName.parse('blink');
export const talk = AppName.parse('talk');

export type StormDevice = { readonly name: string; readonly board: string; readonly record: string; readonly folder: string; readonly id: DeviceId };

export type Scene = {
  readonly world: World;
  readonly cast: Cast;
  readonly devices: readonly StormDevice[];
  readonly db: Db;
  /** Broker and device listener, as agents reach them. */
  readonly lines: readonly [Line, Line];
  readonly blinkGuest: Guest;
  /** Times in which nobody could make outputs safe, by board. */
  readonly excuses: Map<string, Excuse[]>;
  /** When each process was seen to be gone, by name, in nanoseconds of CLOCK_MONOTONIC. */
  readonly deaths: ReadonlyMap<string, readonly bigint[]>;
  /** More words of the manager's line, from its next start on. */
  readonly managerWords: string[];
  /** When the manager died last, in wall time: whom it has not heard since is not there, whatever it believes. */
  readonly managerSinceMs: () => number;
  /** A device that is to enrol, on the spare board. */
  newcomer(name: string, token: string): { readonly actor: Actor; readonly folder: string };
} & AsyncDisposable;

/** What each board does with a line whose holder has died. */
const boards = { north: 'input', south: 'keep' } as const;

export async function openScene(): Promise<Scene> {
  await using opening = new AsyncDisposableStack();
  const world = opening.use(await openWorld({ PIER_LOG: 'debug' }));
  const { stage, dir, manager } = world;
  const lines = [opening.use(await openLine(manager.mqtt)), opening.use(await openLine(manager.device))] as const;
  const excuses: Scene['excuses'] = new Map();
  const managerWords: string[] = [];
  const deaths = new Map<string, bigint[]>();
  const lastDeath = { sinceMs: 0 };
  const cast = opening.use(
    new Cast({
      onDeath: (name) => {
        deaths.set(name, [...(deaths.get(name) ?? []), systemClock.monotonicNs()]);
        if (name === 'manager') lastDeath.sinceMs = systemClock.nowMs();
      },
      onUp: (name) => {
        for (const excuse of excuses.get(name) ?? []) excuse.toNs ??= systemClock.monotonicNs();
      },
    }),
  );
  const agentOf = (name: string, board: string, token?: string): Actor => ({
    name,
    mark: `--data ${join(dir, name)} `,
    main: 'agent/src/main.ts start',
    start: async (env) => {
      rewire(join(dir, name), lines[0]);
      return stage.startAgent({ manager: `https://127.0.0.1:${lines[1].port}`, board: join(dir, board), mirror: world.mirror, name, env, ...(token === undefined ? {} : { token }) });
    },
  });
  cast.keep({ name: 'manager', mark: join(dir, 'manager'), main: '/manager/src/main.ts', start: (env) => stage.startManager(managerWords, env) });
  cast.keep({ name: 'registry', mark: join(dir, 'mirror.json'), main: 'support/mirror.ts', start: () => stage.startMirror(manager) });
  cast.keep(boardActor('board', () => stage.startBoard({}), dir));
  const devices = await Promise.all(Object.entries(boards).map(async ([name, onRelease]): Promise<StormDevice> => {
    const board = `board-${name}`;
    const start = () => stage.startBoard({ name: board, onRelease });
    const started = await start();
    cast.keep(boardActor(board, start, dir));
    const { device, process } = await world.enrol({ name, board: started });
    await process[Symbol.asyncDispose]();
    cast.enter(agentOf(name, board));
    return { name, board, record: started.record, folder: join(dir, name), id: device };
  }));
  const { db } = opening.use(attach(dir));
  const blinkGuest = await exampleGuest('blink');
  const scene: Scene = { world, cast, devices, db, lines, blinkGuest, excuses, managerWords, deaths, managerSinceMs: () => lastDeath.sinceMs, newcomer: (name, token) => ({ actor: agentOf(name, 'board', token), folder: join(dir, name) }), [Symbol.asyncDispose]: async () => {} };
  await Promise.all(devices.map(({ name }) => cast.settled(name)));
  await furnish(scene);
  const owned = opening.move();
  return { ...scene, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function boardActor(name: string, start: () => Promise<unknown>, dir: string): Actor {
  return { name, mark: `${join(dir, name)}.json`, main: 'firmware-sim/src/main.ts', start };
}

/** The agent goes to the broker by the line, which can be cut. A device that is not enrolled yet learns the broker's own address. */
function rewire(folder: string, line: Line): void {
  const file = join(folder, 'identity', 'enrolment.json');
  let enrolment: Record<string, unknown>;
  try {
    enrolment = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return;
  }
  writeFileSync(file, JSON.stringify({ ...enrolment, mqtt: `mqtts://127.0.0.1:${line.port}` }));
}

/** The manager's own PostgreSQL, seen beside it. */
function attach(dir: string): { readonly db: Db } & AsyncDisposable {
  const folder = join(dir, 'manager', 'postgres');
  const [port, password] = ['port', 'password'].map((name) => readFileSync(join(folder, name), 'utf8').trim());
  const pool = new Pool({ host: '127.0.0.1', port: Number(port), user: 'pier', password: password ?? '', database: 'postgres', max: 2, statement_timeout: 20_000, connectionTimeoutMillis: 5_000 });
  // It dies under us in many a round; the pool opens another connection when asked.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return { db: drizzle({ client: pool }), [Symbol.asyncDispose]: () => pool.end() };
}

/** Each device runs an app that drives a light, and one that talks. */
async function furnish({ world, devices, blinkGuest }: Scene): Promise<void> {
  const ids = devices.map(({ id }) => id);
  for (const id of ids) await world.bind(id, blink, { led, button });
  const plan = { devices: ids, soakS: 1, deadlineS: 120 };
  for (const [app, guest] of [[blink, blinkGuest], [talk, await talkingGuest(500)]] as const) {
    const rollout = await world.rollOutTo(await world.push({ app, version: '1.0.0', counter: 1, ...guest }), plan);
    await rolloutIn(world, rollout, ['completed'], 120_000);
  }
}
