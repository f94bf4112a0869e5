/** What a device says of its board, its lines and its ports, put together from profile, bindings, asks and levels. Pure. */
import * as z from 'zod';
import type { DeviceDetail, PinsView, Release } from '@pier/shared/api';
import type { LineUse } from '../../parts/index.ts';

const Profile = z.object({
  model: z.string().catch(''),
  chips: z.array(z.object({ label: z.string(), lines: z.array(z.object({ line: z.number(), name: z.string(), headerPin: z.number().optional().catch(undefined), reserved: z.string().optional().catch(undefined) })) })),
  serial: z.array(z.object({ path: z.string(), name: z.string(), reserved: z.string().optional().catch(undefined) })).catch([]),
  onRelease: z.enum(['input', 'keep']).optional().catch(undefined),
});

export type Line = { readonly chip: string; readonly line: number; readonly name: string; readonly headerPin?: number | undefined; readonly reserved?: string | undefined };
export type Port = { readonly path: string; readonly name: string; readonly reserved?: string | undefined };
export type Board = { readonly chips: readonly string[]; readonly lines: readonly Line[]; readonly ports: readonly Port[]; readonly onRelease: 'input' | 'keep' | undefined };

/** The board as its agent found it; undefined before it has told, or where it is nothing that this page can read. */
export function boardOf(profile: unknown): Board | undefined {
  const read = Profile.safeParse(profile);
  if (!read.success) return undefined;
  const { chips, serial, onRelease } = read.data;
  return { chips: chips.map(({ label }) => label), lines: chips.flatMap(({ label, lines }) => lines.map((line) => ({ chip: label, ...line }))), ports: serial, onRelease };
}

export type Pin = PinsView['lines'][number];
export type Releases = ReadonlyMap<string, Release>;
type Detail = Pick<DeviceDetail, 'bindings'>;

/** A line that an app is bound to, or holds. */
export type LineRow = {
  readonly name: string;
  readonly chip: string;
  readonly line: number;
  readonly headerPin: number | undefined;
  readonly app: string;
  readonly label: string;
  readonly direction: 'in' | 'out';
  /** The guest that has it open now; undefined where none has, or nobody has told. */
  readonly held: Pin | undefined;
  /** The level that the agent drives whenever no guest holds it; undefined for inputs. */
  readonly safe: string | undefined;
};

/** By pin of the header, then by name; `releases` by app. */
export function lineRows({ bindings }: Detail, board: Board | undefined, { pins, releases }: { readonly pins: readonly Pin[]; readonly releases: Releases }): LineRow[] {
  const lineOf = (chip: string, line: number): Line | undefined => board?.lines.find((one) => one.chip === chip && one.line === line);
  const bound = Object.entries(bindings).flatMap(([app, labels]) =>
    Object.entries(labels).flatMap(([label, binding]) => {
      if (binding.kind !== 'gpio') return [];
      const { chip, line } = binding;
      const ask = releases.get(app)?.asks.gpio.find((one) => one.label === label);
      const held = pins.find((pin) => pin.chip === chip && pin.line === line && pin.app === app && pin.label === label);
      const direction = held?.direction ?? ask?.mode ?? binding.modes[0] ?? 'in';
      const own = ask?.mode === 'out' ? (ask.safe === 'active') === (ask.active === 'high') ? 'high' : 'low' : undefined;
      return [{ app, label, chip, line, held, direction, safe: direction === 'out' ? (binding.safe ?? own) : undefined }];
    }),
  );
  const others = pins
    .filter((pin) => !bound.some((row) => row.held === pin))
    .map((pin) => ({ app: pin.app ?? 'the agent', label: pin.label, chip: pin.chip, line: pin.line, held: pin, direction: pin.direction, safe: undefined }));
  return [...bound, ...others]
    .map((row) => ({ ...row, name: lineOf(row.chip, row.line)?.name ?? row.held?.name ?? `${row.chip} ${row.line}`, headerPin: lineOf(row.chip, row.line)?.headerPin }))
    .toSorted((a, b) => (a.headerPin ?? 99) - (b.headerPin ?? 99) || a.name.localeCompare(b.name));
}

/** What the drawing shows of them; of two apps on one line the one that holds it. */
export function lineUses(rows: readonly LineRow[]): LineUse[] {
  return rows
    .toSorted((a, b) => Number(a.held !== undefined) - Number(b.held !== undefined))
    .map(({ name, label, app, direction, held }) => ({ name, label, app, direction, level: held === undefined ? undefined : held.level === 1 ? 1 : 0, edges: held?.edges ?? 0 }));
}

/** `out H`, `in L`; `not held` where no guest has it open. */
export function nowWords({ held }: Pick<LineRow, 'held'>): string {
  return held === undefined ? 'not held' : `${held.direction} ${held.level === 1 ? 'H' : 'L'}`;
}

export type PortRow = Port & { readonly app: string | undefined; readonly label: string | undefined };

/** Ports of the board, and ports that are bound although the board does not name them. */
export function portRows({ bindings }: Detail, board: Board | undefined): PortRow[] {
  const bound = Object.entries(bindings).flatMap(([app, labels]) => Object.entries(labels).flatMap(([label, binding]) => (binding.kind === 'serial' ? [{ app, label, path: binding.path }] : [])));
  const known = (board?.ports ?? []).map((port) => ({ ...port, app: bound.find(({ path }) => path === port.path)?.app, label: bound.find(({ path }) => path === port.path)?.label }));
  const unknown = bound.filter(({ path }) => !known.some((port) => port.path === path)).map(({ path, app, label }) => ({ path, name: path.slice(path.lastIndexOf('/') + 1), app, label }));
  return [...known, ...unknown];
}

/** The part of a core that a guest has used on average since it started; undefined where there is nothing to go by. */
export function cpuShare({ cpuMs, sinceMs, seenAt }: { readonly cpuMs: number; readonly sinceMs: number | undefined; readonly seenAt: string | null }): number | undefined {
  if (sinceMs === undefined || seenAt === null) return undefined;
  const ranMs = Date.parse(seenAt) - sinceMs;
  return ranMs > 1_000 ? cpuMs / ranMs : undefined;
}
