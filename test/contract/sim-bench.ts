import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@pier/shared/core';
import { type SimClient, type SimPort, simClient } from '@pier/shared/hardware';
import { type NodeChild, spawnNode } from '@pier/shared/process';
import { readRecord } from '../support/record.ts';
import type { Outside } from './board.ts';

const program = fileURLToPath(new URL('../../firmware-sim/src/main.ts', import.meta.url));

/** A simulated board in a process of its own, and a connection from outside. */
export type SimBench = AsyncDisposable & {
  readonly dir: string;
  readonly sim: NodeChild;
  readonly client: SimClient;
  port(name: string): Promise<SimPort>;
};

/** `options` go to `pier sim board` as they are. */
export async function startSim(file: object, options: readonly string[] = []): Promise<SimBench> {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'pier-board-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'board.json'), JSON.stringify(file));
  const sim = stack.use(spawnNode([program, 'board', join(dir, 'board.json'), '--dir', dir, '--ready', 'json', ...options], { env: { ...process.env, PIER_LOG: 'silent' } }));
  const { stdout } = sim.child;
  if (!stdout) throw new Error('the simulator has no stdout');
  await new Promise((resolve, reject) => {
    createInterface({ input: stdout }).once('line', resolve);
    sim.child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
  });
  const client = stack.use(simClient({ socket: connect(join(dir, 'board.sock')), clock: systemClock }));
  const owned = stack.move();
  const port = async (name: string): Promise<SimPort> => {
    const result = await client.request({ op: 'ports' }, client.gone);
    const found = 'ports' in result ? result.ports.find((one) => one.port === name) : undefined;
    if (!found) throw new Error(`the board has no port ${name}`);
    return found;
  };
  return { dir, sim, client, port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a person with wires does to a simulated board, whichever way the agent came to it. */
export function outsideOf({ dir, sim, client }: SimBench): Outside {
  return {
    set: async (line, level) => {
      await client.request({ op: 'outside', line, level }, client.gone);
    },
    seen: (name) => readRecord(join(dir, 'record.ndjson')).filter((record) => record.name === name),
    storm: (name) => {
      const edges = 20_000;
      const done = new SharedArrayBuffer(4);
      const storm = new Worker(new URL('./storm-worker.ts', import.meta.url), { workerData: { dir, name, edges, done } });
      storm.unref();
      if (Atomics.wait(new Int32Array(done), 0, 0, 60_000) === 'timed-out') throw new Error('the storm did not end');
      return edges;
    },
    vanish: async () => {
      sim.child.kill('SIGKILL');
      await sim.exited;
    },
  };
}
