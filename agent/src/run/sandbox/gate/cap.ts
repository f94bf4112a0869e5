/**
 * The attack this stops: a guest that grows its memory or a table until the board has none left. V8's own limit is 4 GiB and
 * no resource limit of a worker counts it, so the declared maximum is rewritten before the module is compiled.
 */
import { Fault } from '@pier/shared/core';
import type { Reader } from './reader.ts';
import { type Bounds, bounds, limits, sectionOf, sectionsOf, table } from './shape.ts';

const pagesPerMb = 16;

/** The same module with every memory and table bounded. Faults: `guest-limit` when it starts above its memory limit. */
export function capModule(bytes: Uint8Array, memoryMb: number): Uint8Array<ArrayBuffer> {
  const pagesMax = memoryMb * pagesPerMb;
  const chunks: Uint8Array[] = [bytes.subarray(0, 8)];
  for (const { id, at, body } of sectionsOf(bytes)) {
    if (id === sectionOf.memory) chunks.push(rebuilt(id, body, () => memoryBytes(limits(body, 'memory'), pagesMax)));
    else if (id === sectionOf.table) chunks.push(rebuilt(id, body, () => tableBytes(table(body))));
    else chunks.push(bytes.subarray(at, body.end));
  }
  return joined(chunks);
}

function rebuilt(id: number, body: Reader, entry: () => number[]): Uint8Array {
  const entries = body.vector(entry, bounds.tables, 'entries');
  const content = [...leb(entries.length), ...entries.flat()];
  return Uint8Array.from([id, ...leb(content.length), ...content]);
}

function memoryBytes({ min, max }: Bounds, pagesMax: number): number[] {
  if (min > pagesMax) throw new Fault('guest-limit', `the module starts with ${min / pagesPerMb} MiB of memory, its limit is ${pagesMax / pagesPerMb} MiB`);
  return [1, ...leb(min), ...leb(Math.min(max ?? pagesMax, pagesMax))];
}

function tableBytes({ element, min, max }: Bounds & { element: number }): number[] {
  return [element, 1, ...leb(min), ...leb(Math.min(max ?? bounds.tableEntries, bounds.tableEntries))];
}

function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...out, rest];
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.byteLength;
  }
  return out;
}
