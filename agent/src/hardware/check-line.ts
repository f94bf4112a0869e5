import type { LineRef } from '@pier/shared/capability';
import { Fault } from '@pier/shared/core';
import { type BoardProfile, findLine } from '@pier/shared/hardware';

/** Looks whether an app may ask for this line at all. Faults: `line-unknown` saying what there is, `line-reserved` saying why. */
export function checkLine(profile: BoardProfile, at: LineRef): void {
  const line = findLine(profile, at);
  const has = profile.chips.map(({ label, lines }) => `${label} (${lines.length} lines)`).join(', ');
  if (!line) throw new Fault('line-unknown', `this ${profile.model} has no line ${at.line} on a chip "${at.chip}"; it has ${has}`);
  if (line.reserved !== undefined) throw new Fault('line-reserved', `line ${at.line} (${line.name}) of ${at.chip} is reserved: ${line.reserved}`);
}
