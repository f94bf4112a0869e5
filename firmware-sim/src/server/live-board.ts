import { type Clock, type Log, type Verdict, accept, refuse } from '@pier/shared/core';
import type { Edge, LineRequest, SimRequest } from '@pier/shared/hardware';
import { type Change, type EdgeWatch, type SimBoard, type SimPin, type Write, applyWrites, dueMs, driveOutside, exportPin, feed, heldPin, linesOf, makeWatch, openPin, pinsOf, pressPart, releasePin, setPin, settle } from '../board/index.ts';
import { type BoardFiles, fileNames } from './board-files.ts';

const pressesMax = 64;

type Order<K extends SimRequest['op']> = Extract<SimRequest, { op: K }>;
/** One connection: who holds lines. `tell` gives false when its reader is too slow for one more edge. */
export type Owner = { readonly tell: (watch: number, edge: Edge) => boolean };
type Watcher = { readonly id: number; readonly owner: Owner; readonly watch: EdgeWatch; timer: Disposable | undefined };

/** A board in time: the model with its files, its clock, and those who watch its edges. */
export class LiveBoard implements Disposable {
  readonly #board: SimBoard;
  readonly #files: BoardFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watchers = new Map<SimPin, Watcher>();
  readonly #presses = new Set<Disposable>();
  readonly #onlookers: ((changes: readonly Change[]) => void)[] = [];
  #lastWatch = 0;
  #dropped = 0;
  #dropping: Disposable | undefined;

  constructor({ board, files, clock, log }: { board: SimBoard; files: BoardFiles; clock: Clock; log: Log }) {
    this.#board = board;
    this.#files = files;
    this.#clock = clock;
    this.#log = log;
  }

  /** Writes that reached no open output since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  get board(): SimBoard {
    return this.#board;
  }

  /** Calls back with every change from now on, once it can be seen. */
  onChange(act: (changes: readonly Change[]) => void): void {
    this.#onlookers.push(act);
  }

  hello(): Verdict<object> {
    return accept({ hello: { profile: this.#board.profile, records: fileNames.cells } });
  }

  open({ at, direction, bias, initial, consumer }: Order<'open'>, owner: Owner): Verdict<object> {
    const request = { at, direction, bias, consumer, owner, ...(initial === undefined ? {} : { initial }) };
    const opened = openPin(this.#board, request, this.#clock.monotonicNs());
    if (!opened.ok) return opened;
    this.#show(opened.value.changes);
    return accept({ opened: { handle: opened.value.handle, levelFile: this.#files.levelFile(opened.value.pin) } });
  }

  /** Takes a line as it is, to be driven either way. */
  export(at: LineRequest['at'], { consumer, owner }: { consumer: string; owner: Owner }): Verdict<{ handle: number; pin: SimPin }> {
    return exportPin(this.#board, { at, opened: 'out', consumer, owner });
  }

  close({ handle }: Pick<Order<'close'>, 'handle'>, owner: Owner): Verdict<object> {
    const held = heldPin(this.#board, { handle, owner });
    if (held.ok) this.#release(held.value);
    return held.ok ? accept({}) : held;
  }

  set({ handle, to }: Pick<Order<'set'>, 'handle' | 'to'>, owner: Owner): Verdict<object> {
    const held = heldPin(this.#board, { handle, owner });
    if (!held.ok) return held;
    const done = setPin(held.value, to, this.#clock.monotonicNs());
    if (!done.ok) return done;
    this.#show(done.value);
    return accept({});
  }

  watch({ handle, edges, debounceUs }: Order<'watch'>, owner: Owner): Verdict<object> {
    const held = heldPin(this.#board, { handle, owner });
    if (!held.ok) return held;
    const pin = held.value;
    if (pin.holder?.opened !== 'in') return refuse('conflict', `${pin.name} was opened as an output; only inputs are watched`);
    if (this.#watchers.has(pin)) return refuse('conflict', `${pin.name} is watched already`);
    const id = (this.#lastWatch += 1);
    this.#watchers.set(pin, { id, owner, watch: makeWatch({ edges, debounceUs }, pin.level), timer: undefined });
    return accept({ watching: { watch: id } });
  }

  unwatch({ watch }: Order<'unwatch'>, owner: Owner): Verdict<object> {
    const found = [...this.#watchers].find(([, watcher]) => watcher.id === watch && watcher.owner === owner);
    if (!found) return refuse('not-found', `this connection has no watch ${watch}`);
    this.#unwatch(found[0]);
    return accept({});
  }

  outside({ line, level }: Order<'outside'>): Verdict<object> {
    const done = driveOutside(this.#board, { name: line, level }, this.#clock.monotonicNs());
    if (!done.ok) return done;
    this.#show(done.value);
    return accept({});
  }

  press({ part, ms }: Order<'press'>): Verdict<object> {
    if (this.#presses.size >= pressesMax) return refuse('too-many-requests', `${pressesMax} presses last already`);
    const down = pressPart(this.#board, { part, by: 1 }, this.#clock.monotonicNs());
    if (!down.ok) return down;
    this.#show(down.value);
    const timer = this.#clock.after(ms, () => {
      this.#presses.delete(timer);
      const up = pressPart(this.#board, { part, by: -1 }, this.#clock.monotonicNs());
      if (up.ok) this.#show(up.value);
    });
    this.#presses.add(timer);
    return accept({});
  }

  lines(): Verdict<object> {
    return accept({ lines: linesOf(this.#board) });
  }

  /** Takes the writes of value cells. */
  write(writes: readonly Write[]): void {
    const { changes, dropped } = applyWrites(this.#board, writes, this.#clock.monotonicNs());
    this.#show(changes);
    this.#dropped += dropped;
    // At most one line a second, however many writes go nowhere.
    if (dropped > 0) this.#dropping ??= this.#clock.after(1_000, () => this.#sayDropped());
  }

  #sayDropped(): void {
    this.#dropping = undefined;
    this.#log.warn({ dropped: this.#dropped }, 'cell.dropped');
  }

  /** A connection has ended: what it held is released. */
  leave(owner: Owner): void {
    for (const pin of pinsOf(this.#board, owner)) this.#release(pin);
  }

  [Symbol.dispose](): void {
    this.#dropping?.[Symbol.dispose]();
    for (const timer of this.#presses) timer[Symbol.dispose]();
    for (const pin of this.#watchers.keys()) this.#unwatch(pin);
  }

  #release(pin: SimPin): void {
    this.#unwatch(pin);
    this.#show(releasePin(this.#board, pin, this.#clock.monotonicNs()));
  }

  #unwatch(pin: SimPin): void {
    this.#watchers.get(pin)?.timer?.[Symbol.dispose]();
    this.#watchers.delete(pin);
  }

  #show(changes: readonly Change[]): void {
    this.#files.show(changes);
    for (const act of this.#onlookers) act(changes);
    for (const change of changes) {
      const watcher = change.moved ? this.#watchers.get(change.pin) : undefined;
      if (!watcher) continue;
      this.#tell(watcher, feed(watcher.watch, change));
      this.#settleLater(watcher);
    }
  }

  #settleLater(watcher: Watcher): void {
    watcher.timer?.[Symbol.dispose]();
    watcher.timer = undefined;
    const waitMs = dueMs(watcher.watch, this.#clock.monotonicNs());
    if (waitMs === undefined) return;
    watcher.timer = this.#clock.after(waitMs, () => {
      this.#tell(watcher, settle(watcher.watch, this.#clock.monotonicNs()));
      this.#settleLater(watcher);
    });
  }

  #tell(watcher: Watcher, edge: Edge | undefined): void {
    if (edge && !watcher.owner.tell(watcher.id, edge)) watcher.watch.lost += edge.lost + 1;
  }
}
