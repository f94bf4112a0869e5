import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@pier/shared/core';
import { openSimBoard } from '../../agent/src/hardware/index.ts';
import { readRecord } from '../support/record.ts';
import { type BoardUnderTest, type Outside, boardContract } from './board.ts';
import { type SimBench, startSim } from './sim-bench.ts';

function outsideOf({ dir, sim, client }: SimBench): Outside {
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
  };
}

async function openSim({ model, chip, lines }: { model: string; chip: string; lines: number }): Promise<BoardUnderTest> {
  await using stack = new AsyncDisposableStack();
  const bench = stack.use(await startSim({ model }));
  const another = (signal = AbortSignal.timeout(30_000)) => openSimBoard({ dir: bench.dir, clock: systemClock }, signal);
  const board = stack.use(await another());
  const owned = stack.move();
  return {
    board,
    another,
    outside: outsideOf(bench),
    lines: { pulledDown: { chip, line: 17, name: 'GPIO17' }, pulledUp: { chip, line: 5, name: 'GPIO5' }, reserved: { chip, line: 0 }, unknown: { chip, line: lines } },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

boardContract('simulated Raspberry Pi 4B, over its socket', () => openSim({ model: 'raspberry-pi-4b', chip: 'pinctrl-bcm2711', lines: 58 }));
boardContract('simulated Raspberry Pi 5, over its socket', () => openSim({ model: 'raspberry-pi-5', chip: 'pinctrl-rp1', lines: 54 }));
