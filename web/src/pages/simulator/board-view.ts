/** A simulated board as a page shows it: what hangs on which line or port, on which side of the drawing, and who holds it. Pure. */
import type { DeviceDetail, SimBoardDetail, SimPart } from '@pier/shared/api';
import type { LineUse } from '../../parts/index.ts';
import { capital } from '../../words/index.ts';

export type SimLine = SimBoardDetail['lines'][number];
export type SimPort = SimBoardDetail['ports'][number];
export type Side = 'left' | 'right';
/** The app that holds a line or a port, and what it calls it, where the device's bindings tell. */
export type Holding = { readonly app: string; readonly label: string | undefined };
/** Something to look at beside the drawing: a part, or a line that an app holds though nothing hangs on it. */
export type Wired = {
  readonly id: string;
  readonly name: string;
  readonly part: SimPart | undefined;
  readonly line: SimLine | undefined;
  readonly port: SimPort | undefined;
  readonly holding: Holding | undefined;
  /** Whether it is known who holds it: the board says it of lines, only a device's bindings say it of ports. */
  readonly isTold: boolean;
  readonly side: Side;
};

export const partWords = { led: 'LED', button: 'Button', 'modbus-meter': 'Modbus meter', 'serial-echo': 'Serial echo' } as const satisfies Record<SimPart['kind'], string>;

export const faultWords = {
  crc: { word: 'Wrong check sum', note: 'the last two bytes do not fit' },
  silent: { word: 'No answer', note: 'hears, says nothing' },
  slow: { word: 'Late answers', note: 'seconds after the question' },
  partial: { word: 'Half answers', note: 'only the first half' },
  noise: { word: 'Noise', note: 'bits flipped on the way' },
} as const satisfies Record<Exclude<SimPort['fault'], 'none'>, { word: string; note: string }>;
export const faultKinds = Object.keys(faultWords) as readonly (keyof typeof faultWords)[];

/** Parts and held lines: those on the header on the side of their pin and in the order of pins, ports last and where there is more room. */
export function wiredOf(board: SimBoardDetail, known: DeviceDetail['bindings'] | undefined): Wired[] {
  const bindings = known ?? {};
  const onLines = board.lines.flatMap((line): Wired[] => {
    const part = board.partList.find((one) => one.line === line.name);
    if (part === undefined && line.consumer === null) return [];
    const holding = line.consumer === null ? undefined : { app: line.consumer, label: labelOfLine(bindings, line) };
    return [{ id: `line-${line.name}`, name: part?.name ?? holding?.label ?? line.name, part, line, port: undefined, holding, isTold: true, side: line.headerPin !== null && line.headerPin % 2 === 1 ? 'left' : 'right' }];
  });
  const wired = onLines.toSorted((a, b) => pinOf(a) - pinOf(b));
  for (const port of board.ports) {
    const left = wired.filter(({ side }) => side === 'left').length;
    wired.push({ id: `port-${port.port}`, name: port.part, part: board.partList.find((one) => one.port === port.port), line: undefined, port, holding: holderOfPort(bindings, port), isTold: known !== undefined, side: left * 2 <= wired.length ? 'left' : 'right' });
  }
  return wired;
}

/** What is drawn in the pads: every line that an app holds. */
export function usesOf(wired: readonly Wired[]): LineUse[] {
  return wired.flatMap(({ line, holding, part }) => (line === undefined || holding === undefined ? [] : [{ name: line.name, label: holding.label ?? part?.name ?? line.name, app: holding.app, direction: line.direction, level: line.level, edges: line.edges }]));
}

/** The apps that hold something of the board, by name. */
export function holdersOf(wired: readonly Wired[]): string[] {
  return [...new Set(wired.flatMap(({ holding }) => (holding === undefined ? [] : [holding.app])))].toSorted();
}

export type ActiveFault = { readonly port: string; readonly what: 'unplugged' } | { readonly port: string; readonly what: keyof typeof faultWords; readonly left: number | null };

/** What is wrong on purpose at the moment, pulled plugs first. */
export function activeFaults(ports: readonly SimPort[]): ActiveFault[] {
  const pulled = ports.flatMap(({ port, plugged }) => (plugged ? [] : [{ port, what: 'unplugged' as const }]));
  const spoiled = ports.flatMap(({ port, fault, faultsLeft }) => (fault === 'none' ? [] : [{ port, what: fault, left: faultsLeft }]));
  return [...pulled, ...spoiled];
}

/** The figure of a part on a port, and its other readings; units are the end of their names. */
export function readings(values: SimPart['values']): { readonly name: string; readonly value: number; readonly unit: string; readonly words: string }[] {
  return Object.entries(values).map(([name, value]) => {
    const [, what = name, unit = ''] = /^(.*?)(V|A|W|Hz|Kwh)$/.exec(name) ?? [];
    return { name, value, unit: unit === 'Kwh' ? 'kWh' : unit, words: capital(what) };
  });
}

const pinOf = ({ line }: Wired): number => line?.headerPin ?? 99;

function labelOfLine(bindings: DeviceDetail['bindings'], line: SimLine): string | undefined {
  const [, own = {}] = Object.entries(bindings).find(([app]) => app === line.consumer) ?? [];
  return Object.entries(own).find(([, binding]) => binding.kind === 'gpio' && binding.chip === line.chip && binding.line === line.line)?.[0];
}

function holderOfPort(bindings: DeviceDetail['bindings'], port: SimPort): Holding | undefined {
  for (const [app, own] of Object.entries(bindings)) {
    const label = Object.entries(own).find(([, binding]) => binding.kind === 'serial' && binding.path === port.path)?.[0];
    if (label !== undefined) return { app, label };
  }
  return undefined;
}
