/**
 * The accident this stops: an output left as a dead guest left it, and a guest whose thread still holds a descriptor that
 * is closed and reused.
 */
import { type AppName, Fault, type Label, type Log, toFault } from '@pier/shared/core';
import type { GpioGrant, Grant, SafeState } from '@pier/shared/capability';
import { type Board, type Edge, type Level, type Line, findLine, lostUnknown } from '@pier/shared/hardware';
import type { HeldLine } from '../../guest.ts';
import { keyOf } from './leases.ts';
import type { LinePark } from './line-park.ts';

const safeTimeoutMs = 2_000;

export type HeldLines = AsyncDisposable & {
  readonly byLabel: ReadonlyMap<Label, Line>;
  readonly held: readonly HeldLine[];
  /** Puts every output into its safe state; returns what could not be done. Call it when the guest's thread is gone. */
  makeSafe(): Promise<readonly Fault[]>;
};

type Granted = { readonly app: AppName; readonly grant: Grant; readonly log: Log; readonly park?: LinePark };
type Opened = HeldLine & { readonly grant: GpioGrant; isSafe: boolean };

/**
 * Opens every line of a grant, or none. Disposing releases them; outputs that a release would let float are parked in
 * their safe state instead, when there is a park. Faults: those of `Board.openLine`.
 * With a park the outputs are noted for the stop hook before the first is opened, and until nobody of ours holds them.
 */
export async function openLines(board: Board, rule: Granted, signal: AbortSignal): Promise<HeldLines> {
  const opened: Opened[] = [];
  const release = async (): Promise<void> => {
    for (const one of opened) await putAway(one, board, rule);
  };
  const { park, app, grant: { gpio } } = rule;
  const safe = new Set((await park?.note(app, gpio))?.map(keyOf));
  try {
    for (const grant of rule.grant.gpio) opened.push(await openOne(board, { ...rule, grant }, signal));
  } catch (cause) {
    await Promise.all(opened.map((one) => makeSafe(one)));
    await release();
    // A note from before stays: that output could not be made safe, and this did not change it.
    await park?.forget(app, gpio.slice(opened.length).map(({ at }) => at).filter((at) => safe.has(keyOf(at))));
    throw cause;
  }
  return {
    byLabel: new Map(opened.map(({ label, line }) => [label, line])),
    held: opened,
    makeSafe: async () => (await Promise.all(opened.map((one) => makeSafe(one)))).filter((fault) => fault !== undefined),
    [Symbol.asyncDispose]: release,
  };
}

async function openOne(board: Board, { app, grant, park }: Omit<Granted, 'grant'> & { readonly grant: GpioGrant }, signal: AbortSignal): Promise<Opened> {
  const request = requestOf(grant);
  const parked = await park?.take(board, { app, at: grant.at, direction: request.direction });
  // A parked output is taken over as it is held: released and opened again it would float in between.
  if (parked && request.initial !== undefined) {
    try {
      await parked.drive(request.initial, signal);
    } catch (cause) {
      // Nobody would hold it any more, and the next start would find it busy.
      await park?.put(board, { app, line: parked });
      throw cause;
    }
  }
  const line = parked ?? (await board.openLine({ at: grant.at, ...request, consumer: app }, signal));
  const counter = { edges: 0 };
  return {
    label: grant.ask.label,
    name: findLine(board.profile, grant.at)?.name ?? `line ${grant.at.line}`,
    active: grant.ask.active,
    line: counting(line, counter),
    grant,
    isSafe: false,
    get edges() {
      return counter.edges;
    },
  };
}

async function putAway({ line, grant, isSafe }: Opened, board: Board, { app, park, log }: Granted): Promise<void> {
  const floats = board.profile.onRelease === 'input' && line.direction === 'out' && (grant.safe === 'low' || grant.safe === 'high');
  try {
    if (park && floats && !board.gone.aborted) return await park.put(board, { app, line });
    await line[Symbol.asyncDispose]();
    if (isSafe && !board.gone.aborted) await park?.forget(app, [line.at]);
  } catch (cause) {
    // A board that is gone cannot release its lines any more; they are released with it.
    log.warn({ app, fault: toFault(cause).message }, 'line.close-failed');
  }
}

function requestOf({ ask }: GpioGrant): { direction: 'in' | 'out'; bias?: 'up' | 'down' | 'none'; initial?: Level } {
  if (ask.mode === 'in') return { direction: 'in', bias: ask.pull };
  return { direction: 'out', initial: (ask.initial === 'active') === (ask.active === 'high') ? 1 : 0 };
}

const targets = { low: 0, high: 1, input: 'input' } as const satisfies Partial<Record<SafeState, Level | 'input'>>;

async function makeSafe(opened: Opened): Promise<Fault | undefined> {
  const { grant, line } = opened;
  if (grant.ask.mode === 'in' || grant.safe === 'keep') return undefined;
  try {
    await line.drive(targets[grant.safe], AbortSignal.timeout(safeTimeoutMs));
    opened.isSafe = true;
    return undefined;
  } catch (cause) {
    const fault = toFault(cause);
    return new Fault(fault.code, `"${grant.ask.label}" (${grant.at.chip} line ${grant.at.line}) could not be put to ${grant.safe}: ${fault.message}`, {}, cause);
  }
}

/** The same line, with the edges of its watches counted for the operator's view. */
function counting(line: Line, counter: { edges: number }): Line {
  return {
    at: line.at,
    direction: line.direction,
    cell: line.cell,
    drive: (to, signal) => line.drive(to, signal),
    watch: (request, onEdge, signal) => {
      const count = (edge: Edge): void => {
        counter.edges += edge.lost === lostUnknown ? 1 : 1 + edge.lost;
        onEdge(edge);
      };
      return line.watch(request, count, signal);
    },
    [Symbol.asyncDispose]: () => line[Symbol.asyncDispose](),
  };
}
