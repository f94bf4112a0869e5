/** What an app may do, in sentences that a technician reads. Asks that differ in anything differ in their sentence. */
import type { Asks, GpioAsk, Limits, SerialAsk, StorageAsk, TelemetryAsk } from './ask.ts';

/** Sentences of all that an app asks for, in the order asked; its limits last, where they are given. */
export function permissionWords(asks: Asks, limits?: Limits): string[] {
  return linesOf(asks, limits).map(({ sentence }) => sentence);
}

export type AskDifference = { readonly added: readonly string[]; readonly removed: readonly string[]; readonly changed: readonly { readonly before: string; readonly after: string }[] };
export type Asked = { readonly asks: Asks; readonly limits?: Limits };

/** What `after` asks for beyond `before`, asks for no more, and asks for otherwise under the same label. */
export function askDifference(before: Asked, after: Asked): AskDifference {
  const [old, now] = [linesOf(before.asks, before.limits), linesOf(after.asks, after.limits)];
  const oldOf = new Map(old.map(({ key, sentence }) => [key, sentence]));
  const nowOf = new Map(now.map(({ key, sentence }) => [key, sentence]));
  return {
    added: now.filter(({ key }) => !oldOf.has(key)).map(({ sentence }) => sentence),
    removed: old.filter(({ key }) => !nowOf.has(key)).map(({ sentence }) => sentence),
    changed: old.flatMap(({ key, sentence }) => {
      const other = nowOf.get(key);
      return other === undefined || other === sentence ? [] : [{ before: sentence, after: other }];
    }),
  };
}

/** Labels name one ask each, whatever its kind; limits have names that no label can have. */
type Line = { readonly key: string; readonly sentence: string };

function linesOf(asks: Asks, limits: Limits | undefined): Line[] {
  const line = <A extends { label: string; optional: boolean }>(words: (ask: A) => string) => (ask: A): Line => ({ key: ask.label, sentence: `${words(ask)}${ask.optional ? '; optional: left out where it is not granted' : ''}` });
  return [...asks.gpio.map(line(gpioWords)), ...asks.serial.map(line(serialWords)), ...asks.storage.map(line(storageWords)), ...asks.telemetry.map(line(telemetryWords)), ...(limits ? limitLines(limits) : [])];
}

const onOff = { active: 'on', inactive: 'off' } as const;
const edgeWords = { rising: 'rising', falling: 'falling', both: 'rising and falling' } as const;

function gpioWords(ask: GpioAsk): string {
  const polarity = ask.active === 'low' ? '; on is low' : '';
  if (ask.mode === 'out') return `switches one output, “${ask.label}”, at most ${times(ask.maxWritesPerS)}${ask.initial === 'active' ? '; starts on' : ''}; safe state: ${onOff[ask.safe]}${polarity}`;
  const pull = ask.pull === 'none' ? '' : `, pulled ${ask.pull}`;
  // The limit binds also when no edge is watched from the start: the app may turn watching on.
  const edges = ask.edges === 'none' ? `; may watch its edges, at most ${times(ask.maxEventsPerS)}` : `; is told of ${edgeWords[ask.edges]} edges, at most ${times(ask.maxEventsPerS)}`;
  const debounce = ask.debounceUs === 0 ? '' : `, each steady for ${ask.debounceUs} µs`;
  return `reads the input “${ask.label}”${pull}${edges}${debounce}${polarity}`;
}

function serialWords(ask: SerialAsk): string {
  const framing = `${either(ask.dataBits)} data bits, ${either(ask.parity.map((one) => (one === 'none' ? 'no' : one)))} parity, ${either(ask.stopBits)} stop ${ask.stopBits.join() === '1' ? 'bit' : 'bits'}`;
  return `uses the serial port “${ask.label}” at ${either(ask.baud)} baud, ${framing}, at most ${bytes(ask.maxBytesPerS)} a second`;
}

function storageWords(ask: StorageAsk): string {
  return `keeps up to ${bytes(ask.maxBytes)} in ${ask.path} (“${ask.label}”), which survives restarts and updates`;
}

function telemetryWords(ask: TelemetryAsk): string {
  return `reports “${ask.label}”${ask.unit === '' ? '' : ` (${ask.unit})`} at most ${ask.maxPerS < 1 ? `once in ${1 / ask.maxPerS} seconds` : times(ask.maxPerS)}`;
}

function limitLines({ memoryMb, watchdogS, maxOutputBytesPerS, health }: Limits): Line[] {
  const beat = health?.beatS === undefined ? '' : `, then gives a sign of life at least once in ${seconds(health.beatS)}`;
  const ready = health && (health.ready === 'call' ? `says that it is ready within ${seconds(health.withinS)}${beat}` : `counts as ready once it runs, within ${seconds(health.withinS)}${beat}`);
  return [
    { key: 'limit memory', sentence: `uses at most ${memoryMb} MB of memory` },
    { key: 'limit watchdog', sentence: `is ended as stuck after ${seconds(watchdogS)} without a call or a sleep` },
    { key: 'limit output', sentence: `writes at most ${bytes(maxOutputBytesPerS)} of output a second` },
    ...(ready === undefined ? [] : [{ key: 'limit health', sentence: ready }]),
  ];
}

function times(perS: number): string {
  return perS === 1 ? 'once a second' : `${perS} times a second`;
}

function seconds(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`;
}

/** Exact, so that no difference is rounded away. */
function bytes(count: number): string {
  const units = [['MB', 1e6], ['MiB', 1 << 20], ['kB', 1e3], ['KiB', 1 << 10]] as const;
  const fit = units.find(([, size]) => count % size === 0);
  return fit ? `${count / fit[1]} ${fit[0]}` : `${count} bytes`;
}

/** A choice in the order asked: the first is what the app opens with. */
function either(choices: readonly (string | number)[]): string {
  return choices.join(' or ');
}
