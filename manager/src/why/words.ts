/** Times and commands as a person reads and types them. */
import { isoTime } from '@pier/shared/core';
import type { Asks, Binding, Bindings } from '@pier/shared/capability';

/** `2026-11-21 14:02 UTC`. */
export function utc(ms: number): string {
  return `${isoTime(ms).slice(0, 16).replace('T', ' ')} UTC`;
}

const units = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const;

/** A span in its largest fitting unit: `3 minutes`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  const [unit, size] = units.find(([, one]) => s >= one) ?? ['second', 1];
  const count = Math.floor(s / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** The bindings that a device has and those that it lacks, in one command: `pier binding set` replaces them all. */
export function bindCommand({ device, app, asks, bindings }: { device: string; app: string; asks: Asks; bindings: Bindings }): string {
  const bound = (label: string): Binding | undefined => (Object.hasOwn(bindings, label) ? Object.entries(bindings).find(([key]) => key === label)?.[1] : undefined);
  const words = [
    ...asks.gpio.map(({ label, mode }) => gpioWord(label, mode, bound(label))),
    ...asks.serial.map(({ label }) => serialWord(label, bound(label))),
    ...asks.storage.map(({ label, maxBytes }) => storageWord(label, maxBytes, bound(label))),
  ];
  return `pier binding set ${device} ${app} ${words.join(' ')}`;
}

function gpioWord(label: string, mode: 'in' | 'out', bound: Binding | undefined): string {
  return bound?.kind === 'gpio' ? `${label}=${asShellWord(bound.chip)}:${bound.line}:${mode}` : `${label}=<chip>:<line>:${mode}`;
}

function serialWord(label: string, bound: Binding | undefined): string {
  return `${label}=serial:${bound?.kind === 'serial' ? bound.path : '</dev/…>'}`;
}

function storageWord(label: string, askedBytes: number, bound: Binding | undefined): string {
  return `${label}=storage:${bound?.kind === 'storage' ? bound.maxBytes : askedBytes}`;
}

/** A chip's label is its board's own word, and this line is copied into shells. */
function asShellWord(text: string): string {
  return /^[\w.:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
