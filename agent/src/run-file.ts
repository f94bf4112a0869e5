import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { AppName, type Clock, Fault, type Log, check, parseJson, toFault } from '@pier/shared/core';
import { digestOf } from '@pier/shared/digest';
import { Asks, Bindings, Limits, type Grant, capabilityKinds, emptyGrant, grantOf } from '@pier/shared/capability';
import { type Board, reservedLines } from '@pier/shared/hardware';
import type { RunConfig } from './config.ts';
import { type OpenBoard, PortNews, createLeases, openLines, openPorts, reservedPortNames } from './run/index.ts';
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
/** What a file may be granted for one run: the same asks and bindings as a release would have. */
const GrantFile = z.strictObject({ asks: Asks.optional(), bindings: Bindings.default({}), limits: Limits.optional() });

/** Runs one wasm file as a guest, its stdio passed through; gives the exit status. Faults: `input-invalid` for the grant file. */
export async function runFile(deps: RunDeps, signal: AbortSignal): Promise<number> {
  const wasm = await bytesOf(deps.file);
  const rule = await grantFileOf(deps.grantFile);
  await using board = deps.openBoard ? await deps.openBoard(signal) : undefined;
  const granted = rule.asks ? grantOf({ asks: rule.asks, bindings: rule.bindings, allowed: capabilityKinds, ...reservedBy(board, rule.bindings) }) : ({ ok: true, value: emptyGrant } as const);
  if (!granted.ok) return refuse(deps, granted.refusal);
  const grant = granted.value;
  if (grant.storage.length > 0) return refuse(deps, { code: 'capability.unbound', reason: 'a file that is run by hand has no storage of its own' });
  if (grant.gpio.length + grant.serial.length > 0 && !board) return refuse(deps, { code: 'capability.unbound', reason: 'the grant names lines or ports of a board: give --board' });
  const admitted = deps.runner.admit(wasm, grant);
  if (!admitted.ok) return refuse(deps, admitted.refusal);
  const limits = { ...(rule.limits ?? Limits.parse({ memoryMb: 256, maxOutputBytesPerS: 1 << 20 })), ...(deps.memoryMb === undefined ? {} : { memoryMb: deps.memoryMb }) };
  const stdin = admitted.value.imports.some((name) => name.endsWith('fd_read')) && deps.stdin.isTTY !== true ? await collect(deps.stdin) : new Uint8Array();
  return await live(deps, { wasm, grant, board, limits, stdin }, signal);
}

type Ready = { readonly wasm: Uint8Array; readonly grant: Grant; readonly board: Board | undefined; readonly limits: Limits; readonly stdin: Uint8Array };

async function live(deps: RunDeps, { wasm, grant, board, limits, stdin }: Ready, signal: AbortSignal): Promise<number> {
  const app = AppName.parse('run');
  await using ports = board ? await openPorts(grant, { app, board, leases: createLeases(), news: portNews(deps), clock: deps.clock, log: deps.log }, signal) : undefined;
  await using lines = board ? await openLines(board, { app, grant, log: deps.log }, signal) : undefined;
  try {
    const guest = await deps.runner.start(
      { app, digest: digestOf(wasm), wasm, limits, grant, lines: lines?.byLabel ?? new Map(), storage: new Map(), serial: ports?.byLabel ?? new Map(), args: deps.args, env: deps.env, stdin },
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
    for (const fault of (await lines?.makeSafe()) ?? []) deps.stderr.write(`pier: ${fault.message}\n`);
  }
}

function reservedBy(board: Board | undefined, bindings: Bindings): { reserved?: ReturnType<typeof reservedLines>; reservedPorts?: string[] } {
  return board ? { reserved: reservedLines(board.profile), reservedPorts: reservedPortNames(board.profile, bindings) } : {};
}

function portNews({ clock, stderr }: RunDeps): PortNews {
  return new PortNews({ clock, tell: (_type, { reason }) => void stderr.write(`pier: ${reason}\n`) });
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

async function grantFileOf(file: string | undefined): Promise<z.infer<typeof GrantFile>> {
  if (file === undefined) return { bindings: {} };
  return check(GrantFile, parseJson(await bytesOf(file), { what: file }), { what: `grant file ${file}` });
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
