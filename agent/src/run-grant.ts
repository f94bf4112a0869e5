import * as z from 'zod';
import { type AppName, type Clock, type Log, type Verdict, accept, check, parseJson } from '@pier/shared/core';
import { Asks, Bindings, type Grant, Limits, capabilityKinds, emptyGrant, grantOf } from '@pier/shared/capability';
import { type Board, reservedLines } from '@pier/shared/hardware';
import { type HeldLines, type HeldPorts, PortNews, createLeases, openLines, openPorts, reservedPortNames } from './run/index.ts';

/** What a file may be granted for one run: the same asks and bindings as a release would have. */
const GrantFile = z.strictObject({ asks: Asks.optional(), bindings: Bindings.default({}), limits: Limits.optional() });

export type Rule = { readonly limits: Limits | undefined; grantOn(board: Board | undefined): Verdict<Grant> };

/** Reads a grant file. Faults: `input-invalid`. */
export function readRule(bytes: Uint8Array, file: string): Rule {
  const { asks, bindings, limits } = check(GrantFile, parseJson(bytes, { what: file }), { what: `grant file ${file}` });
  return { limits, grantOn: (board) => (asks ? grantOf({ asks, bindings, allowed: capabilityKinds, ...reservedBy(board, bindings) }) : accept(emptyGrant)) };
}

function reservedBy(board: Board | undefined, bindings: Bindings): { reserved?: ReturnType<typeof reservedLines>; reservedPorts?: string[] } {
  return board ? { reserved: reservedLines(board.profile), reservedPorts: reservedPortNames(board.profile, bindings) } : {};
}

type Desk = { readonly app: AppName; readonly board: Board; readonly clock: Clock; readonly log: Log; readonly stderr: { write(text: string): unknown } };

/** Opens what was granted, or nothing. Faults: those of the board. */
export async function openGranted(grant: Grant, { app, board, clock, log, stderr }: Desk, signal: AbortSignal): Promise<{ readonly lines: HeldLines; readonly ports: HeldPorts } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const news = new PortNews({ clock, tell: (_type, { reason }) => void stderr.write(`pier: ${reason}\n`) });
  const ports = stack.use(await openPorts(grant, { app, board, leases: createLeases(), news, clock, log }, signal));
  const lines = stack.use(await openLines(board, { app, grant, log }, signal));
  const held = stack.move();
  return { lines, ports, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
