import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceId, systemClock } from '@pier/shared/core';
import { agentBundle } from '../support/agent-bundle.ts';
import { talkingGuest } from '../support/guests.ts';
import { type World, deploymentIn, openWorld } from '../support/world.ts';
import type { Row } from './summary.ts';

const devices = 3;
const starts = 7;
const settleMs = 20_000;
const guestsMax = 3;

type Memory = { readonly pssMiB: number; readonly anonymousMiB: number };
type Device = { readonly name: string; readonly device: DeviceId; readonly board: World['board']; readonly env: NodeJS.ProcessEnv; process: World['board']['process'] };

/**
 * The device bundle on a real manager: what it is in size, memory and time to be connected. Every agent has a copy of Node of
 * its own: the kernel shares the pages of one file among all who run it, and PSS counts each only its part.
 */
export async function agentFootprint(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-footprint-'));
  try {
    const bundle = await agentBundle(dir);
    await using world = await openWorld();
    const all: Device[] = [];
    for (let n = 0; n < devices; n += 1) all.push(await newDevice(world, { name: `device${n}`, launcher: bundle.launcher, dir }));
    await addGuest(world, all, 1);
    const started = await startOver(world, all, bundle.launcher);
    const rows: Row[] = [
      { name: 'device bundle, both architectures, without Node', unit: 'MiB', values: [bundle.sizeBytes / 2 ** 20] },
      { name: 'agent of the bundle: spawn → connected and said so', unit: 'ms', values: started },
    ];
    let before: readonly Memory[] | undefined;
    for (let guests = 1; guests <= guestsMax; guests += 1) {
      if (guests > 1) await addGuest(world, all, guests);
      await systemClock.sleep(settleMs);
      const now = all.map(({ process }) => memoryOf(process.child));
      rows.push(...(before === undefined ? rowsOf('agent idle with one guest', now) : rowsOf(guests === 2 ? 'second guest, with the code that its rollout loads' : 'third guest', now.map((one, index) => difference(one, before?.[index] ?? one)))));
      before = now;
    }
    return [...rows, ...rowsOf('bare Node beside', [await bareNode(dir)])];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function newDevice(world: World, { name, launcher, dir }: { readonly name: string; readonly launcher: string; readonly dir: string }): Promise<Device> {
  const env = { PIER_NODE: nodeCopy(join(dir, name)) };
  const board = await world.stage.startBoard({ name: `board-${name}` });
  const { device, process } = await world.stage.startAgent({ manager: world.manager.device, token: await world.token(), board: board.dir, mirror: world.mirror, name, launcher, env });
  return { name, board, env, device: device as DeviceId, process };
}

function nodeCopy(dir: string): string {
  mkdirSync(dir);
  copyFileSync(process.execPath, join(dir, 'node'));
  return join(dir, 'node');
}

/** One more app on every device, which says a line each second. */
async function addGuest(world: World, all: readonly Device[], number: number): Promise<void> {
  const pushed = await world.push({ app: `talker${number}`, version: '1.0.0', counter: 1, ...(await talkingGuest(1_000)) });
  const rollout = await world.rollOutTo(pushed, { devices: all.map(({ device }) => device), deadlineS: 120 });
  for (const { device } of all) {
    const { state } = await deploymentIn(world, { device, rollout, states: ['proven', 'failed', 'refused'] });
    if (state !== 'proven') throw new Error(`guest ${number} on ${device} is ${state}`);
  }
}

/** Starts every agent anew, as after a boot, and some of them again: what enrolment and first rollout needed is not what it takes to be there. */
async function startOver(world: World, all: readonly Device[], launcher: string): Promise<number[]> {
  const values: number[] = [];
  for (let n = 0; n < Math.max(starts, all.length); n += 1) {
    const one = all[n % all.length];
    if (!one) break;
    await one.process[Symbol.asyncDispose]();
    const from = systemClock.monotonicMs();
    const { process } = await world.stage.startAgent({ manager: world.manager.device, board: one.board.dir, mirror: world.mirror, name: one.name, launcher, env: one.env });
    values.push(systemClock.monotonicMs() - from);
    one.process = process;
  }
  return values;
}

/** A Node that does nothing. */
async function bareNode(dir: string): Promise<Memory> {
  const child = spawn(nodeCopy(join(dir, 'bare')), ['--eval', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  try {
    await systemClock.sleep(settleMs);
    return memoryOf(child);
  } finally {
    child.kill('SIGKILL');
  }
}

/** See proc_pid_smaps_rollup(5). */
function memoryOf({ pid }: ChildProcess): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const of = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1_024;
  return { pssMiB: of('Pss'), anonymousMiB: of('Pss_Anon') };
}

const difference = (now: Memory, before: Memory): Memory => ({ pssMiB: now.pssMiB - before.pssMiB, anonymousMiB: now.anonymousMiB - before.anonymousMiB });

const rowsOf = (what: string, seen: readonly Memory[]): Row[] => [
  { name: `${what}: PSS`, unit: 'MiB', values: seen.map(({ pssMiB }) => pssMiB) },
  { name: `${what}: anonymous of it`, unit: 'MiB', values: seen.map(({ anonymousMiB }) => anonymousMiB) },
];
