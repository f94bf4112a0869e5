import type { GpioGrant, Grant } from '@pier/shared/capability';
import { type Label, invariant } from '@pier/shared/core';
import type { Edge, Line } from '@pier/shared/hardware';
import { Bucket } from './bucket.ts';
import { EdgeRing } from './ring.ts';
import type { ThreadLine } from './thread.ts';

export type ArmedLines = AsyncDisposable & { readonly lines: readonly ThreadLine[] };

export type WatchDeps = { readonly nowNs: () => bigint; readonly wake: () => void };

/** Watches the granted inputs whose asks name edges, and fills a ring for each, waking the guest; the guest's thread reads the rings. Faults: those of `Line.watch`. */
export async function armLines(program: { readonly grant: Grant; readonly lines: ReadonlyMap<Label, Line> }, on: WatchDeps, signal: AbortSignal): Promise<ArmedLines> {
  await using armed = new AsyncDisposableStack();
  const lines: ThreadLine[] = [];
  for (const { ask, safe } of program.grant.gpio) {
    const line = program.lines.get(ask.label);
    invariant(line, `the granted line "${ask.label}" was opened before the start`);
    const ring = await watched(armed, { ask, line, ...on }, signal);
    lines.push({ label: ask.label, ask, safe, cell: line.cell, events: ring?.buffer });
  }
  const stack = armed.move();
  return { lines, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function watched(armed: AsyncDisposableStack, { ask, line, nowNs, wake }: { ask: GpioGrant['ask']; line: Line } & WatchDeps, signal: AbortSignal): Promise<EdgeRing | undefined> {
  if (ask.mode !== 'in' || ask.edges === 'none') return undefined;
  const ring = new EdgeRing();
  const rate = new Bucket(ask.maxEventsPerS, nowNs);
  const take = (edge: Edge): void => {
    if (rate.take(1) === 0) return ring.drop(edge);
    ring.push(edge);
    return wake();
  };
  armed.use(await line.watch({ edges: ask.edges, debounceUs: ask.debounceUs }, take, signal));
  return ring;
}
