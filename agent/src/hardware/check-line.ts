import type { LineRef } from '@pier/shared/capability';
import { Fault } from '@pier/shared/core';
import { type BoardProfile, type Line, findLine } from '@pier/shared/hardware';

/** Looks whether an app may ask for this line at all. Faults: `line-unknown` saying what there is, `line-reserved` saying why. */
export function checkLine(profile: BoardProfile, at: LineRef): void {
  const line = findLine(profile, at);
  const has = profile.chips.map(({ label, lines }) => `${label} (${lines.length} lines)`).join(', ');
  if (!line) throw new Fault('line-unknown', `this ${profile.model} has no line ${at.line} on a chip "${at.chip}"; it has ${has}`);
  if (line.reserved !== undefined) throw new Fault('line-reserved', `line ${at.line} (${line.name}) of ${at.chip} is reserved: ${line.reserved}`);
}

type Opened = Pick<Line, 'at' | 'direction'>;

/** Faults: `conflict`. */
export function needOutput({ at, direction }: Opened): void {
  if (direction === 'in') throw new Fault('conflict', `line ${at.line} of ${at.chip} was opened as an input and is not driven`);
}

/** Faults: `conflict`. */
export function needInput({ at, direction }: Opened): void {
  if (direction === 'out') throw new Fault('conflict', `line ${at.line} of ${at.chip} was opened as an output and has no edges`);
}

/** A closed descriptor's number may be another file's by now. Faults: `board-gone`, `conflict`. */
export function needOpen({ at }: Opened, { gone, isClosed }: { readonly gone: AbortSignal; readonly isClosed: boolean }): void {
  if (gone.aborted) throw gone.reason;
  if (isClosed) throw new Fault('conflict', `line ${at.line} of ${at.chip} was released`);
}
