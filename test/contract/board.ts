/** What every board must do, whatever is behind it: run on the simulator, and on each kind of real pins. */
import { Worker } from 'node:worker_threads';
import { systemClock } from '@pier/shared/core';
import type { LineRef } from '@pier/shared/capability';
import { type Board, type Edge, type Level, type Line, type LineCell, type LineRequest, lostUnknown, openCell } from '@pier/shared/hardware';
import { describe, expect, test, vi } from 'vitest';

/** The far side of the pins: what a person with wires and a meter can do. */
export interface Outside {
  set(name: string, level: Level): Promise<void>;
  /** Every change of a line since the start, oldest first. */
  seen(name: string): readonly { readonly level: Level; readonly direction: 'in' | 'out' }[];
  /** Makes edges on an input while this thread does nothing, so many that whoever listens here is too slow; returns how many. */
  storm(name: string): number;
  /** Takes the board away, as a pulled cable does. */
  vanish(): Promise<void>;
}

/** What this kind of board can do; where it can't, the suite holds it to saying so. */
export type Features = {
  /** Whether an input can be pulled up or down. */
  readonly bias: boolean;
  /** `each`: told, or counted as lost. `latest`: the level is read when the thread gets to it, and nobody knows what came between. */
  readonly edges: 'each' | 'latest';
  /** Whether the end of a board is heard at once, or when somebody next uses it. */
  readonly gone: 'at once' | 'on use';
};

export type BoardUnderTest = AsyncDisposable & {
  readonly board: Board;
  /** A second holder beside the first, such as another process. */
  another(signal?: AbortSignal): Promise<Board & AsyncDisposable>;
  readonly outside: Outside;
  readonly lines: { readonly pulledDown: LineRef & { readonly name: string }; readonly pulledUp: LineRef & { readonly name: string }; readonly reserved: LineRef; readonly unknown: LineRef };
};

const waiting = { timeout: 20_000, interval: 10 };
const never = new AbortController().signal;

const at = ({ chip, line }: LineRef): LineRef => ({ chip, line });
const output = (ref: LineRef, initial: Level = 0): LineRequest => ({ at: at(ref), direction: 'out', initial, consumer: 'blink' });
const input = (ref: LineRef): LineRequest => ({ at: at(ref), direction: 'in', consumer: 'door' });
const valueOf = (line: Line) => openCell(line.cell, () => systemClock.monotonicNs());
const fault = (code: string, said: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(said) });

/** Puts levels on an input one after the other; beside each stands how many edges `told` has after it, which is waited for where only the latest level is told. */
async function play({ under, told, edges }: { under: BoardUnderTest; told: readonly unknown[]; edges: Features['edges'] }, steps: readonly (readonly [level: Level, edges: number])[]): Promise<void> {
  for (const [level, count] of steps) {
    await under.outside.set(under.lines.pulledDown.name, level);
    if (edges === 'latest') await vi.waitUntil(() => told.length >= count, waiting);
  }
}

/** Drives a cell from a thread of its own; resolves with the levels that it read back. */
async function inWorker(cell: LineCell, levels: readonly Level[]): Promise<readonly Level[]> {
  const worker = new Worker(new URL('./cell-worker.ts', import.meta.url), { workerData: { cell, levels } });
  try {
    return await new Promise<readonly Level[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and no answer`)));
    });
  } finally {
    await worker.terminate();
  }
}

export function boardContract(name: string, features: Features, open: () => Promise<BoardUnderTest>): void {
  describe(`board contract: ${name}`, () => {
    describe('opening', () => {
      openingContract(open);
    });
    describe('values', () => {
      valueContract(open);
      if (features.bias) biasContract(open);
      else noBiasContract(open);
    });
    describe('edges', () => {
      edgeContract(open, features.edges);
      if (features.edges === 'each') countedContract(open);
      else uncountedContract(open);
    });
    describe('letting go', () => {
      releaseContract(open);
      goneContract(open, features.gone);
    });
  });
}

function openingContract(open: () => Promise<BoardUnderTest>): void {
  test('a line that the board does not have is refused by name', async () => {
    await using under = await open();
    await expect(under.board.openLine(output(under.lines.unknown), never)).rejects.toThrow(fault('line-unknown', new RegExp(under.lines.unknown.chip)));
    await expect(under.board.openLine(output({ ...under.lines.pulledDown, chip: 'no-such-chip' }), never)).rejects.toThrow(fault('line-unknown', /no-such-chip/));
  });

  test('a line that the board reserves is refused, and says what for', async () => {
    await using under = await open();
    await expect(under.board.openLine(output(under.lines.reserved), never)).rejects.toThrow(fault('line-reserved', /kernel|EEPROM/));
    expect(under.board.profile.chips.flatMap((chip) => chip.lines.map((line) => ({ chip: chip.label, ...line }))).find((line) => line.chip === under.lines.reserved.chip && line.line === under.lines.reserved.line)?.reserved).toBeTypeOf('string');
  });

  test('a line has one holder, and whoever comes second reads the name of the first', async () => {
    await using under = await open();
    await using other = await under.another();
    await using kept = new AsyncDisposableStack();
    kept.use(await under.board.openLine(output(under.lines.pulledDown), never));
    kept.use(await under.board.openLine(input(under.lines.pulledUp), never));
    await expect(other.openLine({ ...output(under.lines.pulledDown), consumer: 'thief' }, never)).rejects.toThrow(fault('line-busy', /"blink"/));
    await expect(other.openLine(input(under.lines.pulledUp), never)).rejects.toThrow(fault('line-busy', /"door"/));
    await expect(under.board.openLine(output(under.lines.pulledDown), never)).rejects.toThrow(fault('line-busy', /"blink"/));
  });

  test('an output takes its first level in the step in which it becomes one', async () => {
    await using under = await open();
    await using high = await under.board.openLine(output(under.lines.pulledDown, 1), never);
    await using low = await under.board.openLine(output(under.lines.pulledUp, 0), never);
    expect([valueOf(high).read(), valueOf(low).read()]).toEqual([1, 0]);
    expect(under.outside.seen(under.lines.pulledDown.name)).toEqual([expect.objectContaining({ level: 1, direction: 'out' })]);
    expect(under.outside.seen(under.lines.pulledUp.name)).toEqual([expect.objectContaining({ level: 0, direction: 'out' })]);
  });

  test('the signal of an opening ends the opening, and nothing that was opened', async () => {
    await using under = await open();
    const opening = new AbortController();
    await using other = await under.another(opening.signal);
    await using line = await other.openLine(output(under.lines.pulledDown), opening.signal);
    opening.abort(new Error('over'));
    await line.drive(1, never);
    expect(other.gone.aborted).toBe(false);
    expect(valueOf(line).read()).toBe(1);
  });

  test('an opening that is called off leaves the line free', async () => {
    await using under = await open();
    const calledOff = new AbortController();
    const opening = under.board.openLine(output(under.lines.pulledDown), calledOff.signal);
    calledOff.abort(new Error('called off'));
    await expect(opening).rejects.toThrow('called off');
    await using line = await vi.waitFor(() => under.board.openLine(output(under.lines.pulledDown), never), waiting);
    expect(line.direction).toBe('out');
  });
}

/** Outside the same changes are seen, if a moment after a reader of the cell sees the last one. */
async function seenLevels(under: BoardUnderTest, levels: readonly Level[]): Promise<void> {
  await vi.waitFor(() => expect(under.outside.seen(under.lines.pulledDown.name).map((change) => change.level)).toEqual(levels), waiting);
}

function valueContract(open: () => Promise<BoardUnderTest>): void {
  test('what is written through a cell is on the pin, and is read back, in this thread', async () => {
    await using under = await open();
    await using line = await under.board.openLine(output(under.lines.pulledDown), never);
    const value = valueOf(line);
    for (const level of [1, 0, 1] as const) {
      value.write(level);
      await vi.waitFor(() => expect(value.read()).toBe(level), waiting);
    }
    await seenLevels(under, [0, 1, 0, 1]);
  });

  test('a cell works the same in a thread of its own', async () => {
    await using under = await open();
    await using line = await under.board.openLine(output(under.lines.pulledDown), never);
    expect(await inWorker(line.cell, [1, 0, 1])).toEqual([1, 0, 1]);
    await seenLevels(under, [0, 1, 0, 1]);
  });

  test('the agent drives a line over what the guest wrote, and turns it into an input', async () => {
    await using under = await open();
    await using line = await under.board.openLine(output(under.lines.pulledDown), never);
    const value = valueOf(line);
    value.write(1);
    await line.drive(0, never);
    expect(value.read()).toBe(0);
    await line.drive(1, never);
    expect(value.read()).toBe(1);
    await line.drive('input', never);
    // A pin that nobody drives has the level of what is wired to it.
    await under.outside.set(under.lines.pulledDown.name, 0);
    expect(value.read()).toBe(0);
    value.write(1);
    expect(value.read()).toBe(0);
    await under.outside.set(under.lines.pulledDown.name, 0);
    expect(value.read()).toBe(0);
    expect(under.outside.seen(under.lines.pulledDown.name).at(-1)).toMatchObject({ level: 0, direction: 'in' });
  });

  test('a line opened as an input is never driven', async () => {
    await using under = await open();
    await using line = await under.board.openLine(input(under.lines.pulledDown), never);
    await expect(line.drive(1, never)).rejects.toThrow(fault('conflict', /input/));
    valueOf(line).write(1);
    await expect(line.drive(1, never)).rejects.toThrow(fault('conflict', /input/));
    expect(valueOf(line).read()).toBe(0);
  });
}

function biasContract(open: () => Promise<BoardUnderTest>): void {
  test('an input reads its pull, and what somebody outside puts on it', async () => {
    await using under = await open();
    await using line = await under.board.openLine({ ...input(under.lines.pulledDown), bias: 'up' }, never);
    expect(valueOf(line).read()).toBe(1);
    await under.outside.set(under.lines.pulledDown.name, 0);
    expect(valueOf(line).read()).toBe(0);
  });
}

function noBiasContract(open: () => Promise<BoardUnderTest>): void {
  test('a pull that it cannot give is refused; an input has that of the chip, and reads what somebody outside puts on it', async () => {
    await using under = await open();
    await expect(under.board.openLine({ ...input(under.lines.pulledDown), bias: 'up' }, never)).rejects.toThrow(fault('platform-unsupported', /cannot pull line 17 .* up/));
    await using line = await under.board.openLine({ ...input(under.lines.pulledUp), bias: 'none' }, never);
    expect(valueOf(line).read()).toBe(1);
    await under.outside.set(under.lines.pulledUp.name, 0);
    expect(valueOf(line).read()).toBe(0);
  });
}

function edgeContract(open: () => Promise<BoardUnderTest>, told: Features['edges']): void {
  test('each edge comes once, in order, with its number and time', async () => {
    await using under = await open();
    await using line = await under.board.openLine(input(under.lines.pulledDown), never);
    const edges: Edge[] = [];
    await using kept = new AsyncDisposableStack();
    kept.use(await line.watch({ edges: 'both', debounceUs: 0 }, (edge) => edges.push(edge), never));
    const fromNs = systemClock.monotonicNs();
    await play({ under, told: edges, edges: told }, [[1, 1], [0, 2], [1, 3], [1, 3], [0, 4]]);
    await vi.waitFor(() => expect(edges).toHaveLength(4), waiting);
    const lost = told === 'each' ? 0 : lostUnknown;
    expect(edges.map((edge) => ({ seq: edge.seq, lost: edge.lost, level: edge.level }))).toEqual([1, 0, 1, 0].map((level, index) => ({ seq: index + 1, lost, level })));
    const times = edges.map((edge) => edge.tNs);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
    expect(times.every((tNs) => tNs >= fromNs && tNs <= systemClock.monotonicNs())).toBe(true);
  });

  test('only the edges that were asked for come, and none after the watch is disposed', async () => {
    await using under = await open();
    await using line = await under.board.openLine(input(under.lines.pulledDown), never);
    const rising: Level[] = [];
    const first = await line.watch({ edges: 'rising', debounceUs: 0 }, (edge) => rising.push(edge.level), never);
    await expect(line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never)).rejects.toThrow(fault('conflict', /watched already/));
    await play({ under, told: rising, edges: told }, [[1, 1], [0, 1], [1, 2], [0, 2]]);
    await vi.waitFor(() => expect(rising).toEqual([1, 1]), waiting);
    await first[Symbol.asyncDispose]();
    const falling: Level[] = [];
    await using kept = new AsyncDisposableStack();
    kept.use(await line.watch({ edges: 'falling', debounceUs: 0 }, (edge) => falling.push(edge.level), never));
    await play({ under, told: falling, edges: told }, [[1, 0], [0, 1]]);
    await vi.waitFor(() => expect(falling).toEqual([0]), waiting);
    expect(rising).toEqual([1, 1]);
  });

  test('an output is not watched', async () => {
    await using under = await open();
    await using line = await under.board.openLine(output(under.lines.pulledDown), never);
    await expect(line.watch({ edges: 'both', debounceUs: 0 }, () => {}, never)).rejects.toThrow(fault('conflict', /output/));
  });

  test('bouncing within the debounce time is one edge, and a bounce back to rest is none', async () => {
    await using under = await open();
    await using line = await under.board.openLine(input(under.lines.pulledDown), never);
    const levels: Level[] = [];
    await using kept = new AsyncDisposableStack();
    kept.use(await line.watch({ edges: 'both', debounceUs: 1_000_000 }, (edge) => levels.push(edge.level), never));
    // All at once: one after the other they may take longer than the debounce time on a busy machine.
    const bounce = (...bounces: Level[]) => Promise.all(bounces.map((level) => under.outside.set(under.lines.pulledDown.name, level)));
    await bounce(1, 0, 1, 0, 1);
    await vi.waitFor(() => expect(levels).toEqual([1]), waiting);
    await bounce(0, 1);
    await systemClock.sleep(1_500);
    expect(levels).toEqual([1]);
  });
}

/** An input that is watched, and a storm of edges on it while nobody listens. */
async function underStorm(under: BoardUnderTest, stack: AsyncDisposableStack): Promise<{ line: Line; edges: readonly Edge[]; made: number }> {
  const line = stack.use(await under.board.openLine(input(under.lines.pulledDown), never));
  const edges: Edge[] = [];
  stack.use(await line.watch({ edges: 'both', debounceUs: 0 }, (edge) => edges.push(edge), never));
  const made = under.outside.storm(under.lines.pulledDown.name);
  return { line, edges, made };
}

function countedContract(open: () => Promise<BoardUnderTest>): void {
  test('a reader that is too slow loses edges, and is told how many', async () => {
    await using under = await open();
    await using kept = new AsyncDisposableStack();
    const { line, edges, made } = await underStorm(under, kept);
    const settled = async (): Promise<void> => {
      // One more edge at a time tells of those lost before it.
      await under.outside.set(under.lines.pulledDown.name, valueOf(line).read() === 1 ? 0 : 1);
      expect(edges.at(-1)?.seq).toBeGreaterThan(made);
    };
    await vi.waitFor(settled, waiting);
    const lost = edges.reduce((sum, edge) => sum + edge.lost, 0);
    const gaps = edges.filter((edge, index) => edge.seq !== (edges[index - 1]?.seq ?? 0) + edge.lost + 1);
    expect({ gaps, all: edges.length + lost }).toEqual({ gaps: [], all: edges.at(-1)?.seq });
    expect(lost).toBeGreaterThan(0);
  });
}

function uncountedContract(open: () => Promise<BoardUnderTest>): void {
  test('a reader that is too slow loses edges, is told that nobody knows how many, and hears the last level', async () => {
    await using under = await open();
    await using kept = new AsyncDisposableStack();
    const { edges, made } = await underStorm(under, kept);
    await under.outside.set(under.lines.pulledDown.name, 1);
    await vi.waitFor(() => expect(edges.at(-1)?.level).toBe(1), waiting);
    expect(edges.length).toBeLessThan(made);
    expect(edges.map(({ seq, lost }) => ({ seq, lost }))).toEqual(edges.map((_, index) => ({ seq: index + 1, lost: lostUnknown })));
  });
}

function releaseContract(open: () => Promise<BoardUnderTest>): void {
  test('a disposed line is free for the next, and a late write of the first does not reach it', async () => {
    await using under = await open();
    await using other = await under.another();
    const first = await under.board.openLine(output(under.lines.pulledDown), never);
    const { cell } = first;
    await first[Symbol.asyncDispose]();
    await using second = await other.openLine({ ...output(under.lines.pulledDown), consumer: 'next' }, never);
    if (cell.kind === 'stream' && second.cell.kind === 'stream') openCell({ ...cell, levelFd: second.cell.levelFd }, () => systemClock.monotonicNs()).write(1);
    await second.drive(0, never);
    expect(valueOf(second).read()).toBe(0);
    expect(under.outside.seen(under.lines.pulledDown.name).some((change) => change.level === 1)).toBe(false);
  });

  test('a holder that goes away loses its lines', async () => {
    await using under = await open();
    const other = await under.another();
    await other.openLine(output(under.lines.pulledDown, 1), never);
    await other[Symbol.asyncDispose]();
    await using line = await vi.waitFor(() => under.board.openLine(output(under.lines.pulledDown), never), waiting);
    expect(line.at).toEqual(at(under.lines.pulledDown));
  });
}

function goneContract(open: () => Promise<BoardUnderTest>, heard: Features['gone']): void {
  test('when the board is gone everybody hears of it, and nothing works any more', async () => {
    await using under = await open();
    const line = await under.board.openLine(output(under.lines.pulledDown), never);
    const value = valueOf(line);
    expect(under.board.gone.aborted).toBe(false);
    await under.outside.vanish();
    if (heard === 'at once') await vi.waitUntil(() => under.board.gone.aborted, waiting);
    await expect(under.board.openLine(input(under.lines.pulledUp), never)).rejects.toThrow(fault('board-gone', /gone/));
    expect(under.board.gone.aborted).toBe(true);
    await expect(line.drive(0, never)).rejects.toThrow(fault('board-gone', /gone/));
    expect(() => value.write(1)).toThrow(fault('hardware-fault', /board/));
    await line[Symbol.asyncDispose]();
  });
}
