import type { AppName } from '@pier/shared/core';
import type { GpioGrant, LineRef } from '@pier/shared/capability';
import type { Board, Line } from '@pier/shared/hardware';
import type { Outputs } from '../../outputs/index.ts';
import { keyOf } from './leases.ts';

type Parked = { readonly board: Board; readonly app: AppName; readonly line: Line };

/** Outputs without a guest, held by the agent in their safe state: on many boards a line that nobody holds turns into an input. */
export class LinePark implements AsyncDisposable {
  readonly #parked = new Map<string, Parked>();
  readonly #outputs: Outputs;

  constructor(outputs: Outputs) {
    this.#outputs = outputs;
  }

  /**
   * For the stop hook: these are about to be held. Gives the lines that are safe until then: nobody had noted them, or they
   * are parked. The others are noted because somebody could not make them safe.
   */
  async note(app: AppName, grants: readonly GpioGrant[]): Promise<readonly LineRef[]> {
    const parked = grants.map(({ at }) => at).filter((at) => this.#parked.has(keyOf(at)));
    return [...(await this.#outputs.hold(app, grants)), ...parked];
  }

  /** The app holds these no more, unless they are parked. */
  async forget(app: AppName, lines: readonly LineRef[]): Promise<void> {
    await this.#outputs.release(app, lines.filter((at) => !this.#parked.has(keyOf(at))));
  }

  async put(board: Board, { app, line }: { app: AppName; line: Line }): Promise<void> {
    await this.#release(line.at);
    this.#parked.set(keyOf(line.at), { board, app, line });
  }

  /** The parked line, when the same app wants it as an output again; for anybody else it is released. */
  async take(board: Board, { app, at, direction }: { app: AppName; at: LineRef; direction: 'in' | 'out' }): Promise<Line | undefined> {
    const parked = this.#parked.get(keyOf(at));
    if (parked?.board === board && parked.app === app && direction === 'out') {
      this.#parked.delete(keyOf(at));
      return parked.line;
    }
    await this.#release(at);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { line } of this.#parked.values()) await this.#release(line.at);
  }

  async #release(at: LineRef): Promise<void> {
    const parked = this.#parked.get(keyOf(at));
    this.#parked.delete(keyOf(at));
    if (!parked || parked.board.gone.aborted) return;
    await parked.line[Symbol.asyncDispose]();
    await this.#outputs.release(parked.app, [at]);
  }
}
