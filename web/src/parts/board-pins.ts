/** The 40-pin header as it lies on the board: which pin is what, and who uses it. Pure; the drawing only draws it. */

export type PinUse = {
  readonly label: string;
  readonly app: string;
  readonly direction: 'in' | 'out';
  /** Undefined where nobody has told it yet. */
  readonly level: 0 | 1 | undefined;
  readonly edges: number;
};
export type PinKind = 'power' | 'ground' | 'line' | 'reserved';
export type HeaderPin = { readonly pin: number; readonly name: string; readonly kind: PinKind; readonly note?: string; readonly use?: PinUse };

/** A line of a board, as its profile or the simulator names it. */
export type BoardLine = { readonly name: string; readonly headerPin?: number | null | undefined; readonly reserved?: string | null | undefined };
/** A use of a line, found by the line's name. */
export type LineUse = PinUse & { readonly name: string };

const groundPins: readonly number[] = [6, 9, 14, 20, 25, 30, 34, 39];
const powerPins: Readonly<Record<number, string>> = { 1: '3.3 V', 2: '5 V', 4: '5 V', 17: '3.3 V' };

function fixedPin(pin: number): HeaderPin | undefined {
  const power = powerPins[pin];
  if (power !== undefined) return { pin, name: power, kind: 'power' };
  return groundPins.includes(pin) ? { pin, name: 'GND', kind: 'ground' } : undefined;
}

/** All 40 pins in order. What is not led out to the header is not among them: tables say it. */
export function headerPins({ lines, uses }: { readonly lines: readonly BoardLine[]; readonly uses: readonly LineUse[] }): HeaderPin[] {
  const lineAt = new Map(lines.flatMap((line) => (typeof line.headerPin === 'number' ? [[line.headerPin, line] as const] : [])));
  const useOf = new Map(uses.map(({ name, ...use }) => [name, use] as const));
  return Array.from({ length: 40 }, (_, index): HeaderPin => {
    const pin = index + 1;
    const known = fixedPin(pin);
    if (known !== undefined) return known;
    const line = lineAt.get(pin);
    if (line === undefined) return { pin, name: '–', kind: 'reserved', note: 'not led out' };
    const use = useOf.get(line.name);
    const kept = typeof line.reserved === 'string';
    return { pin, name: line.name, kind: kept ? 'reserved' : 'line', ...(kept && { note: line.reserved ?? '' }), ...(use && { use }) };
  });
}

const levelWord = (level: PinUse['level']): string => (level === undefined ? 'level unknown' : level === 1 ? 'high' : 'low');

/** What the drawing shows, in a sentence, for those who do not see it. */
export function boardSentence(pins: readonly HeaderPin[]): string {
  const used = pins.flatMap(({ pin, name, use }) => (use ? [`pin ${pin}, ${name}: ${use.label} of ${use.app}, ${use.direction === 'out' ? 'output' : 'input'}, ${levelWord(use.level)}`] : []));
  const kept = pins.filter(({ kind }) => kind === 'reserved').length;
  return `Header of 40 pins. ${used.length === 0 ? 'No line is in use' : `${used.length} in use: ${used.join('; ')}`}. ${kept} kept by the system.`;
}
