import { join } from 'node:path';
import { type Fault, systemClock } from '@pier/shared/core';
import { SerialPort as Library } from 'serialport';
import { expect, test, vi } from 'vitest';
import { openSimBoard } from '../../agent/src/hardware/index.ts';
import { LivePort } from '../../agent/src/hardware/serial-port.ts';
import { type PortUnderTest, readCalls, serialContract } from './serial.ts';
import { startSim } from './sim-bench.ts';

const file = { model: 'raspberry-pi-3b', parts: [{ part: 'serial-echo', name: 'echo', port: 'echo0' }] };

async function openSim(): Promise<PortUnderTest> {
  await using stack = new AsyncDisposableStack();
  const bench = stack.use(await startSim(file));
  const another = () => openSimBoard({ dir: bench.dir, clock: systemClock }, AbortSignal.timeout(30_000));
  const board = stack.use(await another());
  const owned = stack.move();
  const { client, sim } = bench;
  return {
    board,
    another,
    path: join(bench.dir, 'serial', 'echo0'),
    far: {
      unplug: async () => void (await client.request({ op: 'unplug', port: 'echo0' }, client.gone)),
      plug: async () => void (await client.request({ op: 'plug', port: 'echo0' }, client.gone)),
      device: async () => (await bench.port('echo0')).device,
      baud: async () => (await bench.port('echo0')).baud,
      stall: () => void sim.child.kill('SIGSTOP'),
      vanish: async () => {
        sim.child.kill('SIGKILL');
        await sim.exited;
      },
    },
    [Symbol.asyncDispose]: async () => {
      sim.child.kill('SIGCONT');
      await owned.disposeAsync();
    },
  };
}

serialContract("simulated, on the kernel's pseudo-terminals", openSim);

test('a port that hung up before its first read is gone at once, and is not read over and over', async () => {
  await using bench = await startSim(file);
  const path = join(bench.dir, 'serial', 'echo0');
  const binding = await Library.binding.open({ path, baudRate: 9_600 });
  if (!('poller' in binding)) throw new Error('no poller on this system');
  await bench.client.request({ op: 'unplug', port: 'echo0' }, bench.client.gone);
  const gone: Fault[] = [];
  const request = { path, settings: { baud: 9_600, dataBits: 8, parity: 'none', stopBits: 1 }, consumer: 'late', onData: () => {}, onGone: (why: Fault) => gone.push(why) } as const;
  await using port = new LivePort({ request, binding, open: () => Promise.reject(new Error('not opened anew')), clock: systemClock, release: () => {} });
  const reads = readCalls();
  port.listen();
  await vi.waitFor(() => expect(gone).toEqual([expect.objectContaining({ code: 'port-gone' })]), { timeout: 20_000, interval: 10 });
  await systemClock.sleep(300);
  expect(readCalls() - reads).toBeLessThan(1_000);
  expect(gone).toHaveLength(1);
});
