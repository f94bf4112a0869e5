import type { LineRef } from '@pier/shared/capability';
import { Fault } from '@pier/shared/core';
import { type Board, type BoardProfile, findLine } from '@pier/shared/hardware';

const why = 'reserved by this agent\'s --reserve';

/** The same profile, with lines that the owner of the board keeps for other programs. Lines that are not there change nothing. */
export function reserveLines(profile: BoardProfile, lines: readonly LineRef[]): BoardProfile {
  const isKept = (chip: string, line: number): boolean => lines.some((one) => one.chip === chip && one.line === line);
  return { ...profile, chips: profile.chips.map(({ label, lines: all }) => ({ label, lines: all.map((line) => (line.reserved === undefined && isKept(label, line.line) ? { ...line, reserved: why } : line)) })) };
}

/** The same board, which does not open those lines. */
export function withReserved(board: Board, lines: readonly LineRef[]): Board {
  if (lines.length === 0) return board;
  const profile = reserveLines(board.profile, lines);
  return {
    profile,
    gone: board.gone,
    openLine: async (request, signal) => {
      const line = findLine(profile, request.at);
      if (line?.reserved === why) throw new Fault('line-reserved', `line ${line.line} (${line.name}) of ${request.at.chip} is ${why}`);
      return await board.openLine(request, signal);
    },
    openSerial: (request, signal) => board.openSerial(request, signal),
    [Symbol.asyncDispose]: () => board[Symbol.asyncDispose](),
  };
}
