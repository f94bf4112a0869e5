/** What the device told and what was done to it, as one list: two lists of pages put together without a hole. Pure. */
import type { AuditRecord, DeviceEvent } from '@pier/shared/api';

export type Told = { readonly kind: 'event'; readonly at: string; readonly event: DeviceEvent };
export type Done = { readonly kind: 'audit'; readonly at: string; readonly record: AuditRecord };
export type Entry = Told | Done;

/** A list as far as it was asked for; `more` where older ones are there. */
export type Loaded<T> = { readonly items: readonly T[]; readonly more: boolean };

/** Newest first. Nothing older is shown than what every list that goes on has come to: it would have holes. */
export function mergeHistory(events: Loaded<DeviceEvent>, records: Loaded<AuditRecord>): Entry[] {
  const entries: Entry[] = [...events.items.map((event): Entry => ({ kind: 'event', at: event.at, event })), ...records.items.map((record): Entry => ({ kind: 'audit', at: record.at, record }))];
  const ends = [events, records].flatMap(({ items, more }) => (more ? [items.at(-1)?.at ?? ''] : []));
  return entries.filter(({ at }) => ends.every((end) => at >= end)).toSorted((a, b) => b.at.localeCompare(a.at));
}

const words: Readonly<Record<string, string>> = {
  'desired.refused': 'refused the document of what it should run',
  'artifact.refused': 'refused the release',
  'app.trapped': 'trapped',
  'app.exited': 'ended by itself',
  'app.failed': 'failed',
  'app.rolled-back': 'went back to what it ran before',
  'safe-state': 'outputs went to their safe state',
  'command.refused': 'refused a command',
  'app.held': 'is held by a person',
  'app.released': 'is no longer held by a person',
  'port.gone': 'a serial port is gone',
  'port.back': 'a serial port is back',
  'disk.full': 'its disk is full',
  'disk.back': 'there is room on its disk again',
  'state.lost': 'its database was damaged and had to be begun anew',
};

/** `blink: trapped`; a type that this page does not know as it is. */
export function eventWords({ type, app }: Pick<DeviceEvent, 'type' | 'app'>): string {
  const said = Object.hasOwn(words, type) ? words[type] : type;
  return app === null ? `The device: ${said}` : `${app}: ${said}`;
}
