import { errno, fail } from './errno.ts';
import type { GuestMemory } from './memory.ts';

const randomBytesMax = 1 << 20;

/** Thrown through the guest to end it; wasm frames in between are discarded. */
export class GuestExit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the guest exits with status ${status}`);
    this.status = status;
  }
}

export type BasicDeps = {
  readonly memory: GuestMemory;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly realtimeNs: () => bigint;
  readonly monotonicNs: () => bigint;
  readonly cpuNs: () => bigint;
};

/** Arguments, environment, clocks, random bytes, the end of the program, and sockets, which there are none of. */
export function basicFunctions(deps: BasicDeps) {
  const { memory } = deps;
  const clocks = [deps.realtimeNs, deps.monotonicNs, deps.cpuNs, deps.cpuNs];
  const resolutionNs = [1_000_000n, 1n, 1_000n, 1_000n];
  const encoder = new TextEncoder();
  const args = deps.args.map((arg) => encoder.encode(`${arg}\0`));
  const env = Object.entries(deps.env).map(([name, value]) => encoder.encode(`${name}=${value}\0`));

  const sizes = (list: readonly Uint8Array[]) => (countPointer: number, bytesPointer: number): void => {
    memory.setU32(countPointer, list.length);
    memory.setU32(bytesPointer, list.reduce((sum, { byteLength }) => sum + byteLength, 0));
  };
  const strings = (list: readonly Uint8Array[]) => (pointers: number, buffer: number): void => {
    let at = buffer >>> 0;
    for (const [index, one] of list.entries()) {
      memory.setU32((pointers >>> 0) + index * 4, at);
      memory.bytes(at, one.byteLength).set(one);
      at += one.byteLength;
    }
  };
  const noSocket = (): number => errno.notsup;

  return {
    args_sizes_get: sizes(args),
    args_get: strings(args),
    environ_sizes_get: sizes(env),
    environ_get: strings(env),
    clock_res_get: (clock: number, out: number): void => memory.setU64(out, resolutionNs[clock] ?? fail('inval')),
    clock_time_get: (clock: number, _precision: bigint, out: number): void => memory.setU64(out, (clocks[clock] ?? fail('inval'))()),
    random_get: (buffer: number, length: number): void => {
      if (length >>> 0 > randomBytesMax) fail('inval');
      // Loaded with the first call: every guest's thread would carry it, and few ask.
      process.getBuiltinModule('node:crypto').randomFillSync(memory.bytes(buffer, length));
    },
    proc_exit: (status: number): never => {
      throw new GuestExit(status >>> 0);
    },
    // Signals belong to processes; a guest is none.
    proc_raise: (): number => errno.notsup,
    sched_yield: (): number => errno.success,
    sock_accept: noSocket,
    sock_recv: noSocket,
    sock_send: noSocket,
    sock_shutdown: noSocket,
  };
}
