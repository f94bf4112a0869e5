/** What the runner's contract stands on: guests that run with their output gathered, and lines over real descriptors. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Asks, type Grant, Limits, emptyGrant } from '@pier/shared/capability';
import { AppName, Label } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { type Edge, type Line, cellRecordBytes, decodeCellRecord } from '@pier/shared/hardware';
import type { Guest, GuestEnd, Program, Runner, TelemetrySample } from '../../agent/src/run/sandbox/index.ts';

export const nothing: Grant = emptyGrant;
export const never = new AbortController().signal;

export type Seen = { stdout: Uint8Array; stderr: Uint8Array; dropped: number; ready: number; beats: number; failing: string[]; firstNs: bigint | undefined; samples: TelemetrySample[]; samplesDropped: number; messages: { output: number; telemetry: number } };
export type Running = { readonly guest: Guest; readonly seen: Seen };

const app = AppName.parse('tried');

export async function start(runner: Runner, wasm: Uint8Array, more: Partial<Omit<Program, 'limits'>> & { readonly limits?: object } = {}, signal = never): Promise<Running> {
  const seen: Seen = { stdout: new Uint8Array(), stderr: new Uint8Array(), dropped: 0, ready: 0, beats: 0, failing: [], firstNs: undefined, samples: [], samplesDropped: 0, messages: { output: 0, telemetry: 0 } };
  const { limits, ...rest } = more;
  const program: Program = { app, digest: digestOf(wasm), wasm, grant: nothing, lines: new Map(), storage: new Map(), serial: new Map(), ...rest, limits: Limits.parse(limits ?? {}) };
  const events = {
    onReady: () => void (seen.ready += 1),
    onBeat: () => void (seen.beats += 1),
    onFailing: (reason: string) => void seen.failing.push(reason),
    onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array, dropped: number) => {
      seen[stream] = Buffer.concat([seen[stream], bytes]);
      seen.dropped += dropped;
      seen.messages.output += 1;
    },
    onTelemetry: (samples: readonly TelemetrySample[], dropped: number) => {
      seen.samples.push(...samples);
      seen.samplesDropped += dropped;
      seen.messages.telemetry += 1;
    },
    onFirstHostCall: (tNs: bigint) => void (seen.firstNs = tNs),
  };
  return { guest: await runner.start(program, events, signal), seen };
}

/** Runs to the end. */
export async function run(runner: Runner, wasm: Uint8Array, more: Parameters<typeof start>[2] = {}): Promise<{ end: GuestEnd; seen: Seen; text: string; said: number[]; base: boolean }> {
  const { guest, seen } = await start(runner, wasm, more);
  const end = await guest.ended;
  return { end, seen, text: Buffer.from(seen.stdout).toString(), said: saidIn(seen), base: guest.base };
}

/** The numbers that a guest has said so far. */
export function saidIn(seen: Seen): number[] {
  const whole = seen.stdout.subarray(0, seen.stdout.byteLength & ~3);
  return [...new Int32Array(Uint8Array.from(whole).buffer)];
}

export type TestLine = Line & { seenLevels(): number[]; edge(edge: Edge): void; readonly drivenTo: (0 | 1 | 'input')[]; readonly watches: number };

/** Lines whose values are a real pipe and a real level file, as a simulated board gives them. */
export function makeLines(asks: readonly object[]): Disposable & { readonly grant: Grant; readonly lines: Map<Label, TestLine>; line(label: string): TestLine } {
  const dir = mkdtempSync(join(tmpdir(), 'pier-lines-'));
  const opened: number[] = [];
  const lines = new Map<Label, TestLine>();
  const grant: Grant = {
    ...nothing,
    gpio: Asks.parse({ gpio: asks }).gpio.map((ask, index) => {
      lines.set(ask.label, makeLine({ dir, index, direction: ask.mode, opened }));
      return { ask, at: { chip: 'chip', line: index }, safe: ask.mode === 'in' ? 'input' : 'low' };
    }),
  };
  return {
    grant,
    lines,
    line: (label) => lines.get(Label.parse(label)) ?? raise(`no line "${label}"`),
    [Symbol.dispose]: () => {
      for (const fd of opened) closeSync(fd);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function raise(message: string): never {
  throw new Error(message);
}

function makeLine({ dir, index, direction, opened }: { dir: string; index: number; direction: 'in' | 'out'; opened: number[] }): TestLine {
  const fifo = join(dir, `${index}.fifo`);
  const level = join(dir, `${index}.level`);
  if (spawnSync('mkfifo', [fifo]).status !== 0) throw new Error('mkfifo failed');
  writeFileSync(level, '0');
  const readFd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const recordFd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  const levelFd = openSync(level, 'r');
  opened.push(readFd, recordFd, levelFd);
  let listener: ((edge: Edge) => void) | undefined;
  let watches = 0;
  const drivenTo: (0 | 1 | 'input')[] = [];
  return {
    at: { chip: 'chip', line: index },
    direction,
    cell: { kind: 'stream', handle: index, recordFd, levelFd },
    drivenTo,
    get watches() {
      return watches;
    },
    drive: async (to) => void drivenTo.push(to),
    watch: async (_request, onEdge) => {
      listener = onEdge;
      watches += 1;
      return {
        [Symbol.asyncDispose]: async () => {
          watches -= 1;
          listener = undefined;
        },
      };
    },
    edge: (edge) => {
      writeFileSync(level, String(edge.level));
      listener?.(edge);
    },
    seenLevels: () => recordsIn(readFd),
    [Symbol.asyncDispose]: async () => {},
  };
}

function recordsIn(fd: number): number[] {
  const bytes = new Uint8Array(65_536);
  try {
    const got = readSync(fd, bytes);
    return Array.from({ length: got / cellRecordBytes }, (_, index) => decodeCellRecord(new DataView(bytes.buffer, index * cellRecordBytes)).level);
  } catch {
    // EAGAIN: nothing was written.
    return [];
  }
}
