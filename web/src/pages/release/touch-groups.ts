/** What a release may touch, sorted for people: the sentences are the API's own, in the order of its asks, limits last. */
import type { Release } from '@pier/shared/api';
import { counted } from '../../words/index.ts';

export type Kind = 'gpio' | 'serial' | 'storage' | 'telemetry';
export type TouchGroup = { readonly kind: Kind; readonly title: string; readonly labels: readonly string[]; readonly sentences: readonly string[] };
export type Touches = { readonly groups: readonly TouchGroup[]; readonly limits: readonly string[] };

type Sayable = Pick<Release, 'asks' | 'permissions'>;

export function touchesOf({ asks, permissions }: Sayable): Touches {
  const { gpio, serial, storage, telemetry } = asks;
  const said = (from: number, indexes: readonly number[]): string[] => indexes.flatMap((index) => permissions[from + index] ?? []);
  const indexesOf = <T>(list: readonly T[], fits: (one: T) => boolean): number[] => list.flatMap((one, index) => (fits(one) ? [index] : []));
  const group = <T extends { readonly label: string }>(kind: Kind, list: readonly T[], { from, title, fits = () => true }: { from: number; title: (n: number) => string; fits?: (one: T) => boolean }): TouchGroup[] => {
    const indexes = indexesOf(list, fits);
    return indexes.length === 0 ? [] : [{ kind, title: title(indexes.length), labels: list.filter(fits).map(({ label }) => label), sentences: said(from, indexes) }];
  };
  const starts = { serial: gpio.length, storage: gpio.length + serial.length, telemetry: gpio.length + serial.length + storage.length };
  return {
    groups: [
      ...group('gpio', gpio, { from: 0, title: (n) => `Switch ${counted(n, 'output')}`, fits: ({ mode }) => mode === 'out' }),
      ...group('gpio', gpio, { from: 0, title: (n) => `Read ${counted(n, 'input')}`, fits: ({ mode }) => mode === 'in' }),
      ...group('serial', serial, { from: starts.serial, title: (n) => `Use ${counted(n, 'serial port')}` }),
      ...group('storage', storage, { from: starts.storage, title: (n) => `Keep files in ${counted(n, 'folder')} of its own` }),
      ...group('telemetry', telemetry, { from: starts.telemetry, title: (n) => `Send ${counted(n, 'measurement')}` }),
    ],
    limits: permissions.slice(starts.telemetry + telemetry.length),
  };
}

/** What it may not touch: what nobody may, and what it does not ask for. A kind that is not asked for cannot be granted. */
export function untouched({ asks }: Pick<Release, 'asks'>): readonly string[] {
  return [
    'no network',
    asks.storage.length > 0 ? 'no other files' : 'no files',
    ...(asks.gpio.some(({ mode }) => mode === 'out') ? ['no other output'] : ['no output']),
    ...(asks.gpio.some(({ mode }) => mode === 'in') ? ['no other input'] : ['no input']),
    asks.serial.length > 0 ? 'no other serial port' : 'no serial port',
    ...(asks.telemetry.length > 0 ? [] : ['no measurements']),
  ];
}
