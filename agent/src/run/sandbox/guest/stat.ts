import type { BigIntStats } from 'node:fs';
import { fileType } from './descriptor.ts';
import { fail } from './errno.ts';
import type { GuestMemory } from './memory.ts';

const statBytes = 64;
const timeFlag = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

/** Writes a `filestat`; device numbers of the host stay with the host. */
export function writeStat(memory: GuestMemory, out: number, type: number, stat: BigIntStats | undefined): void {
  const at = out >>> 0;
  memory.bytes(at, statBytes).fill(0);
  memory.view.setUint8(at + 16, type);
  if (!stat) return;
  memory.setU64(at + 8, stat.ino);
  memory.setU64(at + 24, 1n);
  memory.setU64(at + 32, type === fileType.regular ? stat.size : 0n);
  memory.setU64(at + 40, stat.atimeNs);
  memory.setU64(at + 48, stat.mtimeNs);
  memory.setU64(at + 56, stat.ctimeNs);
}

/** The times, in seconds, that a `set_times` function asks for; what it does not name stays as it is. */
export function timesOf(ask: { readonly accessed: bigint; readonly modified: bigint; readonly flags: number; readonly now: BigIntStats | undefined }): { accessed: number; modified: number } {
  const { flags } = ask;
  const both = (one: number, other: number): boolean => (flags & one) !== 0 && (flags & other) !== 0;
  if (flags >>> 0 > 15 || both(timeFlag.accessed, timeFlag.accessedNow) || both(timeFlag.modified, timeFlag.modifiedNow)) fail('inval');
  const pick = (given: bigint, kept: bigint, flag: { set: number; now: number }): number => {
    if ((flags & flag.set) !== 0) return seconds(BigInt.asUintN(64, given));
    return (flags & flag.now) === 0 ? seconds(kept) : Date.now() / 1e3;
  };
  return {
    accessed: pick(ask.accessed, ask.now?.atimeNs ?? 0n, { set: timeFlag.accessed, now: timeFlag.accessedNow }),
    modified: pick(ask.modified, ask.now?.mtimeNs ?? 0n, { set: timeFlag.modified, now: timeFlag.modifiedNow }),
  };
}

function seconds(ns: bigint): number {
  return Number(ns) / 1e9;
}
