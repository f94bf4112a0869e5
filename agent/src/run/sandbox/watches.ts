import type { GpioGrant, Grant } from '@pier/shared/capability';
import { type Label, invariant } from '@pier/shared/core';
import type { Line } from '@pier/shared/hardware';
import { Bucket } from './bucket.ts';
import { EdgeRing } from './ring.ts';
import type { ThreadLine } from './thread.ts';

export type ArmedLines = AsyncDisposable & { readonly lines: readonly ThreadLine[] };

/** Watches the granted inputs whose asks name edges, and fills a ring for each; the guest's thread reads the rings. Faults: those of `Line.watch`. */
export async function armLines(program: { readonly grant: Grant; readonly lines: ReadonlyMap<Label, Line> }, nowNs: () => bigint, signal: AbortSignal): Promise<ArmedLines> {
  await using armed = new AsyncDisposableStack();
  const lines: ThreadLine[] = [];
  for (const { ask, safe } of program.grant.gpio) {
    const line = program.lines.get(ask.label);
    invariant(line, `the granted line "${ask.label}" was opened before the start`);
    const ring = await watched(armed, { ask, line, nowNs }, signal);
    lines.push({ label: ask.label, ask, safe, cell: line.cell, events: ring?.buffer });
  }
  const stack = armed.move();
  return { lines, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function watched(armed: AsyncDisposableStack, { ask, line, nowNs }: { ask: GpioGrant['ask']; line: Line; nowNs: () => bigint }, signal: AbortSignal): Promise<EdgeRing | undefined> {
  if (ask.mode !== 'in' || ask.edges === 'none') return undefined;
  const ring = new EdgeRing();
  const rate = new Bucket(ask.maxEventsPerS, nowNs);
  armed.use(await line.watch({ edges: ask.edges, debounceUs: ask.debounceUs }, (edge) => (rate.take(1) === 1 ? ring.push(edge) : ring.drop(edge)), signal));
  return ring;
}
