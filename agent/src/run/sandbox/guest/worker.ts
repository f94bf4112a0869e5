/** The entry of a guest's thread. Its import graph is small on purpose: every guest pays for it in memory and in start time. */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ThreadData, ThreadMessage } from '../thread.ts';
import { runGuest } from './run.ts';

const send = (message: ThreadMessage): void => parentPort?.postMessage(message, []);

/** The kernel's number of this thread, lowered in priority below the agent's; undefined where /proc is not there. */
function threadNumber(): number | undefined {
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(tid, constants.priority.PRIORITY_BELOW_NORMAL);
    return tid;
  } catch {
    // Without /proc the guest runs at the agent's priority, and its CPU time is not shown.
    return undefined;
  }
}

const tid = threadNumber();
// The thread may have been started before it is known which guest it is for.
const data = await new Promise<ThreadData>((resolve) => parentPort?.once('message', resolve));
send({ kind: 'end', end: await runGuest(data, tid, send) });
