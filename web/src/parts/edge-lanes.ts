/** From looks at lines, a few times a second, to lanes on a time axis. Pure: nothing is drawn that was not seen. */

export type LineLook = { readonly name: string; readonly label: string; readonly level: 0 | 1; readonly edges: number };
export type Look = { readonly atMs: number; readonly lines: readonly LineLook[] };
/** From one look to the next: the level that was seen, or more edges than two looks can show. */
export type Stretch = { readonly fromMs: number; readonly toMs: number; readonly level: 0 | 1; readonly faster: boolean };
export type Lane = { readonly name: string; readonly label: string; readonly stretches: readonly Stretch[]; /** Edges that the device counted between the first and the last look. */ readonly edges: number };

/** Longer than this between two looks, and nothing is known of what was between. */
const gapMs = 1_500;

/** Looks that still fall into the window, and the one before it, so that the first stretch begins at its edge. */
export function keepLooks(looks: readonly Look[], next: Look, spanMs: number): readonly Look[] {
  const all = [...looks, next];
  const first = all.findIndex(({ atMs }) => atMs >= next.atMs - spanMs);
  return all.slice(Math.max(0, first - 1));
}

export function lanesOf(looks: readonly Look[]): Lane[] {
  const names = [...new Set(looks.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  return names.map((name) => laneOf(name, looks.flatMap(({ atMs, lines }) => lines.filter((line) => line.name === name).map((line) => ({ ...line, atMs })))));
}

function laneOf(name: string, looks: readonly (LineLook & { readonly atMs: number })[]): Lane {
  let edges = 0;
  const stretches: Stretch[] = [];
  for (const [index, is] of looks.entries()) {
    const was = looks[index - 1];
    if (was === undefined || is.atMs - was.atMs > gapMs) continue;
    // A count that fell belongs to another holder of the line.
    const counted = is.edges < was.edges ? is.edges : is.edges - was.edges;
    edges += counted;
    stretches.push({ fromMs: was.atMs, toMs: is.atMs, level: was.level, faster: counted > (was.level === is.level ? 0 : 1) });
  }
  return { name, label: looks.at(-1)?.label ?? name, stretches, edges };
}
