import { readFile } from 'node:fs/promises';
import { AppName, type Clock, Fault, type Log, toFault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import type { Grant, Limits } from '@pier/shared/capability';
import type { Board } from '@pier/shared/hardware';
import type { RunConfig } from './run-config.ts';
import type { Rule } from './run-grant.ts';
import type { OpenBoard } from './run/index.ts';
import type { GuestEnd, Runner } from './run/sandbox/index.ts';

export type RunDeps = RunConfig & {
  readonly openBoard: OpenBoard | undefined;
  readonly runner: Runner;
  readonly clock: Clock;
  readonly log: Log;
  readonly stdin: AsyncIterable<unknown> & { readonly isTTY?: boolean };
  readonly stdout: { write(bytes: Uint8Array): unknown };
  readonly stderr: { write(bytes: Uint8Array | string): unknown };
};

/** Exit statuses that are Pier's and not the guest's; the guest's own pass through. */
export const ownFailure = 125;
const statuses = { timedOut: 124, refused: 126, trapped: 134, limit: 137, stopped: 143 } as const;

const graceMs = 500;
const stdinBytesMax = 16 << 20;
/** What a file has that is run without a word about it. */
const nothing: Grant = { gpio: [], serial: [], storage: [], telemetry: [] };
const deskLimits: Limits = { memoryMb: 256, watchdogS: 60, maxOutputBytesPerS: 1 << 20 };

/** Runs one wasm file as a guest, its stdio passed through; gives the exit status. Faults: `input-invalid` for the grant file. */
export async function runFile(deps: RunDeps, signal: AbortSignal): Promise<number> {
  const wasm = await bytesOf(deps.file);
  const rule = await ruleOf(deps.grantFile);
  await using board = deps.openBoard ? await deps.openBoard(signal) : undefined;
  const granted = rule ? rule.grantOn(board) : ({ ok: true, value: nothing } as const);
  if (!granted.ok) return refuse(deps, granted.refusal);
  const grant = granted.value;
  if (grant.storage.length > 0) return refuse(deps, { code: 'capability.unbound', reason: 'a file that is run by hand has no storage of its own' });
  if (grant.gpio.length + grant.serial.length > 0 && !board) return refuse(deps, { code: 'capability.unbound', reason: 'the grant names lines or ports of a board: give --board' });
  const admitted = deps.runner.admit(wasm, grant);
  if (!admitted.ok) return refuse(deps, admitted.refusal);
  const limits = { ...(rule?.limits ?? deskLimits), ...(deps.memoryMb === undefined ? {} : { memoryMb: deps.memoryMb }) };
  const stdin = admitted.value.imports.some((name) => name.endsWith('fd_read')) && deps.stdin.isTTY !== true ? await collect(deps.stdin) : new Uint8Array();
  return await live(deps, { wasm, grant, board, limits, stdin }, signal);
}

type Ready = { readonly wasm: Uint8Array; readonly grant: Grant; readonly board: Board | undefined; readonly limits: Limits; readonly stdin: Uint8Array };

async function live(deps: RunDeps, { wasm, grant, board, limits, stdin }: Ready, signal: AbortSignal): Promise<number> {
  const app = AppName.parse('run');
  await using opened = board ? await (await import('./run-grant.ts')).openGranted(grant, { ...deps, app, board }, signal) : undefined;
  try {
    const guest = await deps.runner.start(
      { app, digest: digestOf(wasm), wasm, limits, grant, lines: opened?.lines.byLabel ?? new Map(), storage: new Map(), serial: opened?.ports.byLabel ?? new Map(), args: deps.args, env: deps.env, stdin },
      {
        onReady: () => {},
        onBeat: () => {},
        onFailing: (reason) => deps.stderr.write(`pier: the guest says that it is failing: ${reason}\n`),
        onOutput: (stream, bytes, dropped) => {
          deps[stream].write(bytes);
          if (dropped > 0) deps.stderr.write(`pier: ${dropped} bytes of ${stream} were dropped: the guest writes faster than its limit\n`);
        },
      },
      signal,
    );
    const timedOut = new AbortController();
    using timers = new DisposableStack();
    if (deps.timeoutS !== undefined) timers.use(deps.clock.after(deps.timeoutS * 1_000, () => timedOut.abort()));
    const stop = (): void => void guest.stop(graceMs);
    AbortSignal.any([signal, timedOut.signal]).addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    return statusOf(await guest.ended, { deps, timedOut: timedOut.signal.aborted });
  } catch (cause) {
    const fault = toFault(cause);
    if (fault.code === 'guest-limit') return limitReached(deps, fault.message);
    throw fault;
  } finally {
    for (const fault of (await opened?.lines.makeSafe()) ?? []) deps.stderr.write(`pier: ${fault.message}\n`);
  }
}

function statusOf(end: GuestEnd, { deps, timedOut }: { deps: RunDeps; timedOut: boolean }): number {
  if (timedOut) {
    deps.stderr.write(`pier: timed out after ${deps.timeoutS} s\n`);
    return statuses.timedOut;
  }
  if (end.kind === 'exited') return end.status;
  if (end.kind === 'limit') return limitReached(deps, `${end.limit}: ${end.reason}`);
  if (end.kind === 'stopped') return statuses.stopped;
  deps.stderr.write(`pier: the guest trapped: ${end.reason}\n`);
  return statuses.trapped;
}

function limitReached(deps: RunDeps, what: string): number {
  deps.stderr.write(`pier: killed by its limit: ${what}\n`);
  return statuses.limit;
}

function refuse(deps: RunDeps, { code, reason }: { code: string; reason: string }): number {
  deps.stderr.write(`pier: refused (${code}): ${reason}\n`);
  return statuses.refused;
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault('not-found', `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {}, cause);
  }
}

/** Loaded only for those who grant something: what describes grants takes longer to load than a guest to start. */
async function ruleOf(file: string | undefined): Promise<Rule | undefined> {
  return file === undefined ? undefined : (await import('./run-grant.ts')).readRule(await bytesOf(file), file);
}

async function collect(stdin: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let seenBytes = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    seenBytes += bytes.byteLength;
    if (seenBytes > stdinBytesMax) throw new Fault('too-large', `standard input exceeds ${stdinBytesMax} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, seenBytes);
}
