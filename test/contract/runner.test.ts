import { readdirSync } from 'node:fs';
import { silentLog, systemClock } from '@pier/shared/core';
import { expect, test } from 'vitest';
import { workerRunner } from '../../agent/src/run/sandbox/index.ts';
import { command } from '../support/wat.ts';
import { run, start } from './runner-bench.ts';
import { filesContract } from './runner-files.ts';
import { runnerContract } from './runner.ts';

const make = () => workerRunner({ clock: systemClock, log: silentLog });

runnerContract('worker thread', make);
filesContract('worker thread', make);

test('fifty starts and stops leave no thread and no descriptor', async () => {
  const runner = make();
  const wasm = await command('(loop $again (br $again))');
  await run(runner, await command(''));
  const before = { fds: readdirSync('/proc/self/fd').length, threads: readdirSync('/proc/self/task').length };
  for (let n = 0; n < 50; n += 1) {
    const { guest } = await start(runner, wasm);
    await guest.stop(0);
  }
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before.fds + 1);
  expect(readdirSync('/proc/self/task').length).toBeLessThanOrEqual(before.threads + 1);
});
