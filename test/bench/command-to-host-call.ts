import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MqttClient, connectAsync } from 'mqtt';
import { type DeviceId, canonicalJson, systemClock } from '@pier/shared/core';
import { SimRecord } from '@pier/shared/hardware';
import { payloadTypes, signEnvelope } from '@pier/shared/signing';
import { CommandState, isFinal, topics } from '@pier/shared/wire';
import { agentBundle } from '../support/agent-bundle.ts';
import { stolenIdentity } from '../support/stolen.ts';
import { wat } from '../support/wat.ts';
import { type Pushed, type World, deploymentIn, led, openWorld, until } from '../support/world.ts';
import type { Row } from './summary.ts';

const runs = 21;

/** Switches the LED on at once, then sleeps: its first host calls are all that it does. */
const guest = `(module
  (import "pier_gpio" "open" (func $open (param i32 i32 i32 i32) (result i32)))
  (import "pier_gpio" "set" (func $set (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "led")
  (func (export "_start")
    (drop (call $set (call $open (i32.const 0) (i32.const 3) (i32.const 1) (i32.const 0)) (i32.const 1)))
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const 3600000000000))
    (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)))))`;

type Device = { readonly device: DeviceId; readonly record: string };

/**
 * From the moment before PUBLISH to the first edge that the simulator recorded of the guest, both on CLOCK_MONOTONIC: an `app.start`
 * signed by an operator, artifact verified and in store, nothing of a guest there before. Of an agent from source and of one of the device bundle.
 */
export async function commandToHostCall(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'pier-bench-start-'));
  try {
    const { launcher } = await agentBundle(dir);
    await using world = await openWorld();
    const pushed = await world.push({ app: 'first', version: '1.0.0', counter: 1, wasm: await wat(guest), asks: { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] } });
    const client = await connectAsync(world.manager.mqtt, { ...(await stolenIdentity(join(world.dir, 'manager', 'authority'), 'operator:bench')), protocolVersion: 4, reconnectPeriod: 0 }, false);
    const rows: Row[] = [];
    for (const [what, how] of [['source', {}], ['the bundle', { launcher }]] as const) {
      rows.push({ name: `app.start published → first GPIO write of the guest, agent from ${what}`, unit: 'ms', values: await timesOf(world, client, await readyDevice(world, pushed, { name: what.replace(' ', '-'), ...how })) });
    }
    await client.endAsync();
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A device with a board of its own on which the app has proven itself. */
async function readyDevice(world: World, pushed: Pushed, how: { readonly name: string; readonly launcher?: string }): Promise<Device> {
  const board = await world.stage.startBoard({ name: `board-${how.name}` });
  const { device } = await world.enrol({ ...how, board });
  await world.bind(device, 'first', { led });
  const rollout = await world.rollOut(pushed, device, { soakS: 0 });
  await deploymentIn(world, { device, rollout, states: ['proven'] });
  return { device, record: board.record };
}

async function timesOf(world: World, client: MqttClient, { device, record }: Device): Promise<number[]> {
  await client.subscribeAsync(topics.commandState.filter.replace('+', device), { qos: 1 });
  const values: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    await command(world, client, { device, verb: 'app.stop' });
    const from = systemClock.monotonicNs();
    await command(world, client, { device, verb: 'app.start' });
    const edge = await until('the first edge', () => firstEdge(record, from));
    values.push(Number(BigInt(edge.tNs) - from) / 1e6);
  }
  return values;
}

function firstEdge(record: string, sinceNs: bigint): SimRecord | undefined {
  const rows = readFileSync(record, 'utf8').split('\n').slice(0, -1).slice(-50);
  return rows.map((row) => SimRecord.parse(JSON.parse(row))).find((row) => row.by === 'guest' && BigInt(row.tNs) >= sinceNs);
}

async function command(world: World, client: MqttClient, { device, verb }: { device: string; verb: string }): Promise<void> {
  const id = randomUUID();
  const ended = new Promise<CommandState>((resolve) => {
    const look = (_: string, payload: Buffer): void => {
      const state = CommandState.safeParse(JSON.parse(payload.toString()));
      if (!state.success || state.data.id !== id || !isFinal(state.data.state)) return;
      client.off('message', look);
      resolve(state.data);
    };
    client.on('message', look);
  });
  const payload = canonicalJson({ device, id, cmd: verb, args: { app: 'first' }, number: systemClock.nowMs() });
  await client.publishAsync(topics.command.of({ device }), JSON.stringify(signEnvelope({ payloadType: payloadTypes.command, payload, privatePem: world.keys.operator.privatePem })), { qos: 1 });
  const state = await ended;
  if (state.state !== 'done') throw new Error(`${verb} ended ${state.state}: ${state.error?.reason}`);
}
