import type { AppName, Clock, Log } from '@pier/shared/core';
import { Bucket, type OutputStream } from './sandbox/index.ts';

const linesPerS = 20;
const linesBurst = 100;

/** A guest's output in the agent's log: a guest may write, but not fill the host's disk or hide what the agent says. */
export class OutputLog {
  readonly #app: AppName;
  readonly #log: Log;
  readonly #lines: Bucket;
  #unlogged = 0;

  constructor({ app, log, clock }: { readonly app: AppName; readonly log: Log; readonly clock: Pick<Clock, 'monotonicNs'> }) {
    this.#app = app;
    this.#log = log;
    this.#lines = new Bucket(linesPerS, () => clock.monotonicNs(), linesBurst);
  }

  /** `dropped` as in `GuestEvents`; `unlogged` in the log counts the bytes that came since the line before and are not in it. */
  write(stream: OutputStream, bytes: Uint8Array, dropped: number): void {
    if (this.#lines.take(1) === 0) {
      this.#unlogged += bytes.byteLength + dropped;
      return;
    }
    this.#log.info({ app: this.#app, stream, text: Buffer.from(bytes).toString('utf8').slice(0, 4_096), dropped, unlogged: this.#unlogged }, 'guest.output');
    this.#unlogged = 0;
  }
}
