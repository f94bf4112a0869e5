import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@pier/shared/core';
import { simClient } from '@pier/shared/hardware';
import { type NodeChild, spawnNode } from '@pier/shared/process';
import { openSimBoard } from '../../agent/src/hardware/index.ts';
import { readRecord } from '../support/record.ts';
import { type BoardUnderTest, type Outside, boardContract } from './board.ts';

const program = fileURLToPath(new URL('../../firmware-sim/src/main.ts', import.meta.url));
const chip = 'pinctrl-bcm2711';

async function startSim(dir: string): Promise<NodeChild> {
  const file = join(dir, 'board.json');
  writeFileSync(file, JSON.stringify({ model: 'raspberry-pi-4b' }));
  const sim = spawnNode([program, 'board', file, '--dir', dir, '--ready', 'json'], { env: { ...process.env, PIER_LOG: 'silent' } });
  if (!sim.child.stdout) throw new Error('the simulator has no stdout');
  await new Promise((resolve, reject) => {
    createInterface({ input: sim.child.stdout ?? process.stdin }).once('line', resolve);
    sim.child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
  });
  return sim;
}

function outsideOf(dir: string, sim: NodeChild): Outside & AsyncDisposable {
  const client = simClient({ socket: connect(join(dir, 'board.sock')), clock: systemClock });
  return {
    set: async (line, level) => {
      await client.request({ op: 'outside', line, level }, client.gone);
    },
    seen: (name) => readRecord(join(dir, 'record.ndjson')).filter((record) => record.name === name),
    storm: (name, edges) => {
      const done = new SharedArrayBuffer(4);
      const storm = new Worker(new URL('./storm-worker.ts', import.meta.url), { workerData: { dir, name, edges, done } });
      storm.unref();
      if (Atomics.wait(new Int32Array(done), 0, 0, 60_000) === 'timed-out') throw new Error('the storm did not end');
    },
    vanish: async () => {
      sim.child.kill('SIGKILL');
      await sim.exited;
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

async function openSim(): Promise<BoardUnderTest> {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'pier-board-'));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const sim = stack.use(await startSim(dir));
  const outside = stack.use(outsideOf(dir, sim));
  const another = (signal = AbortSignal.timeout(30_000)) => openSimBoard({ dir, clock: systemClock }, signal);
  const board = stack.use(await another());
  const owned = stack.move();
  return {
    board,
    another,
    outside,
    lines: { pulledDown: { chip, line: 17, name: 'GPIO17' }, pulledUp: { chip, line: 5, name: 'GPIO5' }, reserved: { chip, line: 0 }, unknown: { chip, line: 58 } },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

boardContract('simulated, over its socket', openSim);
