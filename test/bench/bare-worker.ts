import { Worker } from 'node:worker_threads';
import { systemClock } from '@pier/shared/core';
import { wat } from '../support/wat.ts';
import type { Row } from './summary.ts';

const runs = 21;

/** The floor under a guest's start: a worker with nothing but one compiled module and one import. */
export async function bareWorker(): Promise<Row[]> {
  const wasm = await wat('(module (import "x" "call" (func $call)) (func (export "_start") (call $call)))');
  const module = new WebAssembly.Module(wasm);
  const source = `const { parentPort, workerData } = require('node:worker_threads');
    new WebAssembly.Instance(workerData, { x: { call: () => parentPort.postMessage(process.hrtime.bigint()) } }).exports._start();`;
  const values: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const from = systemClock.monotonicNs();
    const worker = new Worker(source, { eval: true, workerData: module });
    const at = await new Promise<bigint>((resolve) => worker.once('message', resolve));
    values.push(Number(at - from) / 1e6);
    await worker.terminate();
  }
  return [{ name: 'a bare worker thread: started → first host call', unit: 'ms', values }];
}
