import { type BoardProfile, headerPinOf } from '@pier/shared/hardware';
import { eeprom, isHeaderChip, wired } from '../machine/index.ts';
import type { LineInfo } from './codec.ts';
import { isOurs } from './plan.ts';

type ProfileChip = BoardProfile['chips'][number];
type ProfileLine = ProfileChip['lines'][number];

/** The two wires by which a Pi knows what is plugged onto it. */
const eepromNames: ReadonlySet<string> = new Set(['ID_SDA', 'ID_SCL', 'ID_SD', 'ID_SC']);

/** A chip as people and bindings see it: what the kernel or another program has, and what the board needs itself, is reserved. */
export function profileChip({ label, lines }: { readonly label: string; readonly lines: readonly LineInfo[] }, model: string): ProfileChip {
  const headed = isHeaderChip(label, model);
  return { label, lines: lines.map((info) => profileLine(info, headed)) };
}

function profileLine(info: LineInfo, headed: boolean): ProfileLine {
  const { offset } = info;
  const headerPin = headed ? headerPinOf(offset) : undefined;
  const reserved = reservedFor(info, headed && headerPin === undefined);
  return { line: offset, name: info.name === '' ? `line ${offset}` : info.name, ...(headerPin === undefined ? {} : { headerPin }), ...(reserved === undefined ? {} : { reserved }) };
}

/** A line that an agent of Pier holds is free: it is this one's, or one's that is just ending. */
function reservedFor({ name, consumer, used }: LineInfo, isWired: boolean): string | undefined {
  if (used && !isOurs(consumer)) return consumer === '' ? 'in use by the kernel' : `in use by the kernel or another program, as "${consumer}"`;
  if (eepromNames.has(name)) return eeprom;
  return isWired ? wired : undefined;
}
