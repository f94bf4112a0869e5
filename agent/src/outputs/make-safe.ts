import { type Clock, type Fault, type Log, toFault } from '@pier/shared/core';
import { type Board, type Line, findLine } from '@pier/shared/hardware';
import type { HeldOutput } from './held-output.ts';
import type { Outputs } from './outputs.ts';

/** The board learns a little later than we do that a holder has died. */
const busyForMs = 700;
const busyLookMs = 20;

/** What became of an output: `fault` says why it could not be made safe. */
export type Made = { readonly output: HeldOutput; readonly name: string; readonly fault: Fault | undefined };

/**
 * Drives outputs that nobody holds any more to their safe levels and lets them go, all at once; says of each what became of it.
 * Where a released line stays as it is (`onRelease: keep`), the level lasts. Where it turns into an input it had done so when
 * its holder died, and does so again now: there the level that a load needs comes from a resistor, since nobody is left to hold it.
 */
export async function makeOutputsSafe(board: Board, { outputs, clock }: { readonly outputs: readonly HeldOutput[]; readonly clock: Clock }, signal: AbortSignal): Promise<readonly Made[]> {
  return await Promise.all(
    outputs.map(async (output) => {
      const name = findLine(board.profile, output.at)?.name ?? `line ${output.at.line}`;
      try {
        await makeSafe(board, { output, clock }, signal);
        return { output, name, fault: undefined };
      } catch (cause) {
        return { output, name, fault: toFault(cause) };
      }
    }),
  );
}

async function makeSafe(board: Board, { output, clock }: { readonly output: HeldOutput; readonly clock: Clock }, signal: AbortSignal): Promise<void> {
  const endMs = clock.monotonicMs() + busyForMs;
  for (;;) {
    try {
      await using _ = await takeOver(board, output, signal);
      return;
    } catch (cause) {
      // Held by the dead agent still, or by one that lives and looks after it.
      if (toFault(cause).code !== 'line-busy' || clock.monotonicMs() > endMs) throw cause;
      await clock.sleep(busyLookMs, signal);
    }
  }
}

/** The level comes with the direction, in one step. */
function takeOver(board: Board, { at, safe, app }: HeldOutput, signal: AbortSignal): Promise<Line> {
  const consumer = `${app} (safe)`;
  if (safe === 'input') return board.openLine({ at, direction: 'in', consumer }, signal);
  return board.openLine({ at, direction: 'out', initial: safe === 'high' ? 1 : 0, consumer }, signal);
}

/**
 * The same board, once what an agent before this one held is safe: after a power cut nobody else did it, and an app that does
 * not start again would leave it so. What cannot be made safe stays noted, unless the board has no such line for us any more.
 */
export async function withSafeOutputs(board: Board, { outputs, clock, log }: { readonly outputs: Outputs; readonly clock: Clock; readonly log: Log }, signal: AbortSignal): Promise<Board> {
  const left = outputs.all();
  if (left.length === 0) return board;
  const done = await makeOutputsSafe(board, { outputs: left, clock }, signal);
  for (const { output, name, fault } of done) {
    const isLost = fault !== undefined && isOutOfReach(board, fault);
    if (isLost) log.warn({ ...about(output, name), reason: fault.message }, 'outputs.note-forgotten');
    else if (fault) log.error({ ...about(output, name), reason: fault.message }, 'output.not-safe');
    else log.info(about(output, name), 'output.made-safe');
    if (!fault || isLost) await outputs.release(output.app, [output.at]);
  }
  return board;
}

/** Nothing can be driven there: others have the line, or it is gone. Of a board without pins nobody knows, since they may come yet. */
function isOutOfReach({ profile }: Board, { code }: Fault): boolean {
  return code === 'line-reserved' || (code === 'line-unknown' && profile.chips.length > 0);
}

function about({ app, label, safe }: HeldOutput, name: string): object {
  return { app, label, line: name, safe };
}
