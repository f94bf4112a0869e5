import type { Clock } from '@pier/shared/core';
import type { BoardProfile } from '@pier/shared/hardware';
import type { Change } from '../board/index.ts';
import type { LiveBoard, Owner } from '../server/index.ts';
import { GpioLine, numberOf } from './gpio-line.ts';
import { Errno, type FileNode, type FolderNode, type Node } from './node.ts';

/** The name under which the kernel itself lists a line that sysfs has exported. */
const consumer = 'sysfs';
/** Sysfs holds its lines until they are unexported; its edges are fetched, not told. */
const owner: Owner = { tell: () => true };

export type GpioTree = { readonly root: FolderNode; /** The files that a change is an event of. */ readonly feed: (changes: readonly Change[]) => readonly FileNode[] };

/**
 * /sys/class/gpio of a board: its chips numbered one after the other from `base` on, as Linux does since 6.6 from 512.
 * `slowOpens`: so many times each newly exported line answers EACCES first.
 */
export function gpioTree({ live, clock, base, slowOpens }: { live: LiveBoard; clock: Clock; base: number; slowOpens: number }): GpioTree {
  const exported = new Map<number, GpioLine>();
  const chips = numbered(live.board.profile, base);
  const refOf = (number: number): { chip: string; line: number } => {
    const chip = chips.find((one) => number >= one.base && number < one.base + one.count);
    if (!chip) throw new Errno('EINVAL');
    return { chip: chip.label, line: number - chip.base };
  };
  const fixed = new Map<string, Node>([
    ['export', attribute(0o200, {
      write: (text) => {
        const number = numberOf(text);
        const taken = live.export(refOf(number), { consumer, owner });
        if (!taken.ok) throw new Errno('EBUSY');
        exported.set(number, new GpioLine({ live, owner, clock, slowOpens, ...taken.value }));
      },
    })],
    ['unexport', attribute(0o200, {
      write: (text) => {
        const number = numberOf(text);
        const line = exported.get(number);
        if (!line) throw new Errno('EINVAL');
        exported.delete(number);
        line.unexport();
      },
    })],
    ...chips.map((chip): [string, Node] => [`gpiochip${chip.base}`, chipFolder(chip)]),
  ]);
  const root: FolderNode = { kind: 'folder', mode: 0o755, entries: () => new Map([...fixed, ...[...exported].map(([number, line]): [string, Node] => [`gpio${number}`, line.folder])]) };
  const feed = (changes: readonly Change[]): readonly FileNode[] => {
    const numberOfPin = (change: Change): number => (chips.find((chip) => chip.label === change.pin.at.chip)?.base ?? 0) + change.pin.at.line;
    return changes.flatMap((change) => {
      const line = exported.get(numberOfPin(change));
      return line?.feed(change) ? [line.value] : [];
    });
  };
  return { root, feed };
}

type Numbered = { readonly label: string; readonly base: number; readonly count: number };

function numbered({ chips }: BoardProfile, base: number): readonly Numbered[] {
  let next = base;
  return chips.map(({ label, lines }) => {
    const chip = { label, base: next, count: lines.length };
    next += lines.length;
    return chip;
  });
}

function chipFolder({ label, base, count }: Numbered): FolderNode {
  const entries = new Map<string, Node>(Object.entries({ base, label, ngpio: count }).map(([name, value]) => [name, attribute(0o444, { read: () => `${value}\n` })]));
  return { kind: 'folder', mode: 0o755, entries: () => entries };
}

function attribute(mode: number, acts: Pick<FileNode, 'read' | 'write'>): FileNode {
  return { kind: 'file', mode, ...acts };
}
