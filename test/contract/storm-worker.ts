/** Toggles an input of a simulated board as fast as it goes, in a thread of its own, and then wakes whoever waits for it. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { systemClock } from '@pier/shared/core';
import { simClient } from '@pier/shared/hardware';

const { dir, name, edges, done } = workerData as { dir: string; name: string; edges: number; done: SharedArrayBuffer };
const client = simClient({ socket: connect(join(dir, 'board.sock')), clock: systemClock, answerTimeoutMs: 60_000 });
const atOnce = 500;
for (let sent = 0; sent < edges; sent += atOnce) {
  await Promise.all(Array.from({ length: atOnce }, (_, index) => client.request({ op: 'outside', line: name, level: index % 2 === 0 ? 1 : 0 }, client.gone)));
}
await client[Symbol.asyncDispose]();
const flag = new Int32Array(done);
Atomics.store(flag, 0, 1);
Atomics.notify(flag, 0);
