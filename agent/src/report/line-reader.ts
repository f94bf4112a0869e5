import { type AppName, type Clock, Fault } from '@pier/shared/core';
import { type Level, type LineValue, openCell } from '@pier/shared/hardware';
import type { HeldLine } from '../guest.ts';

export type AppLine = { readonly app: AppName; readonly held: HeldLine };

/** Reads the levels of lines that apps hold, through the cells that the guests use. */
export class LineReader {
  readonly #clock: Clock;
  readonly #values = new WeakMap<HeldLine, LineValue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Faults: `hardware-fault` when the board does not answer. */
  read(held: HeldLine): Level {
    const value = this.#values.get(held) ?? openCell(held.line.cell, () => this.#clock.monotonicNs());
    this.#values.set(held, value);
    return value.read();
  }
}

/**
 * The line that a person means: by its label in an app, or by its name on the board. Pure.
 * Faults: `line-unknown` when no app holds it, naming those that are held; `conflict` when several apps call one so.
 */
export function findHeld(lines: readonly AppLine[], { line, app }: { readonly line: string; readonly app?: AppName | undefined }): AppLine {
  const near = lines.filter((one) => app === undefined || one.app === app);
  const byName = near.filter(({ held }) => held.name === line);
  const found = byName.length > 0 ? byName : near.filter(({ held }) => held.label === line);
  const [first, second] = found;
  if (first && second) throw new Fault('conflict', `"${line}" is a label of ${found.map((one) => `"${one.app}"`).join(' and ')}: say which app, or the line's name on the board`);
  if (first) return first;
  const held = near.map((one) => `${one.held.name} ("${one.held.label}" of ${one.app})`);
  throw new Fault('line-unknown', `no ${app === undefined ? 'app' : `line of app "${app}"`} holds "${line}" now; held: ${held.slice(0, 32).join(', ') || 'none'}`);
}
