/**
 * The attack and the accident this stops: two apps on one line, an output left as a dead guest left it, and a guest
 * whose thread still holds a descriptor that is closed and reused.
 */
import { type AppName, Fault, type Label, type Log, toFault } from '@pier/shared/core';
import type { GpioGrant, Grant, LineRef, SafeState } from '@pier/shared/capability';
import { type Board, type Edge, type Level, type Line, findLine } from '@pier/shared/hardware';
import type { HeldLine } from '../guest.ts';

const keyOf = (at: LineRef): string => `${at.chip}/${at.line}`;
const safeTimeoutMs = 2_000;

/** Which app has which line; a line belongs to one app at a time. */
export type Leases = {
  /** The app that stands in the way of this grant, and where. */
  conflict(app: AppName, grant: Grant): { readonly holder: AppName; readonly at: LineRef } | undefined;
  /** Faults: `line-busy` naming the holder. */
  take(app: AppName, grant: Grant): Disposable;
};

export function createLeases(): Leases {
  const holders = new Map<string, AppName>();
  const conflict: Leases['conflict'] = (app, grant) => {
    for (const { at } of grant.gpio) {
      const holder = holders.get(keyOf(at));
      if (holder !== undefined && holder !== app) return { holder, at };
    }
    return undefined;
  };
  return {
    conflict,
    take: (app, grant) => {
      const busy = conflict(app, grant);
      if (busy) throw new Fault('line-busy', `${busy.at.chip} line ${busy.at.line} is held by app "${busy.holder}"; "${app}" has to wait`, { holder: busy.holder });
      for (const { at } of grant.gpio) holders.set(keyOf(at), app);
      return {
        [Symbol.dispose]: () => {
          for (const { at } of grant.gpio) if (holders.get(keyOf(at)) === app) holders.delete(keyOf(at));
        },
      };
    },
  };
}

export type HeldLines = AsyncDisposable & {
  readonly byLabel: ReadonlyMap<Label, Line>;
  readonly held: readonly HeldLine[];
  /** Puts every output into its safe state; returns what could not be done. Call it when the guest's thread is gone. */
  makeSafe(): Promise<readonly Fault[]>;
};

/** Opens every line of a grant, or none. Faults: those of `Board.openLine`. */
export async function openLines(board: Board, rule: { app: AppName; grant: Grant; log: Log }, signal: AbortSignal): Promise<HeldLines> {
  await using opened = new AsyncDisposableStack();
  const held: (HeldLine & { grant: GpioGrant })[] = [];
  for (const grant of rule.grant.gpio) {
    const line = opened.use(await board.openLine({ at: grant.at, ...requestOf(grant), consumer: rule.app }, signal));
    const counter = { edges: 0 };
    held.push({
      label: grant.ask.label,
      name: findLine(board.profile, grant.at)?.name ?? `line ${grant.at.line}`,
      line: counting(line, counter),
      grant,
      get edges() {
        return counter.edges;
      },
    });
  }
  const stack = opened.move();
  return {
    byLabel: new Map(held.map(({ label, line }) => [label, line])),
    held,
    makeSafe: async () => (await Promise.all(held.map((one) => makeSafe(one)))).filter((fault) => fault !== undefined),
    [Symbol.asyncDispose]: async () => {
      try {
        await stack.disposeAsync();
      } catch (cause) {
        // A board that is gone cannot release its lines any more; they are released with it.
        rule.log.warn({ app: rule.app, fault: toFault(cause).message }, 'lines.close-failed');
      }
    },
  };
}

function requestOf({ ask }: GpioGrant): { direction: 'in' | 'out'; bias?: 'up' | 'down' | 'none'; initial?: Level } {
  if (ask.mode === 'in') return { direction: 'in', bias: ask.pull };
  return { direction: 'out', initial: (ask.initial === 'active') === (ask.active === 'high') ? 1 : 0 };
}

const targets = { low: 0, high: 1, input: 'input' } as const satisfies Partial<Record<SafeState, Level | 'input'>>;

async function makeSafe({ grant, line }: { grant: GpioGrant; line: Line }): Promise<Fault | undefined> {
  if (grant.ask.mode === 'in' || grant.safe === 'keep') return undefined;
  try {
    await line.drive(targets[grant.safe], AbortSignal.timeout(safeTimeoutMs));
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
        counter.edges += 1 + edge.lost;
        onEdge(edge);
      };
      return line.watch(request, count, signal);
    },
    [Symbol.asyncDispose]: () => line[Symbol.asyncDispose](),
  };
}
