/** What passes between the agent's thread and a guest's: the start data, the messages, and the words of the shared cells. */
import type { GpioGrant, SerialAsk, TelemetryAsk } from '@pier/shared/capability';
import type { LineCell } from '@pier/shared/hardware';
import type { GuestEnd, OutputStream, TelemetrySample } from './runner.ts';

/** Words of the control cell, an Int32Array over a SharedArrayBuffer. */
export const control = {
  stop: 0,
  never: 1,
  /** Rises when the guest enters a host function and when it leaves one: odd while it is in there, asleep for instance. */
  pulse: 2,
  /** Rises whenever the agent has something new for the guest: bytes, an edge, a port that came or went, the wish to stop. */
  wake: 3,
  /** Pages of the guest's linear memory. */
  pages: 4,
  words: 5,
} as const;

/** For the agent's side: ends the wait of a guest that sleeps until there is something new. */
export function wakeGuest(words: Int32Array): void {
  Atomics.add(words, control.wake, 1);
  Atomics.notify(words, control.wake);
}

export type ThreadLine = {
  readonly label: string;
  readonly ask: GpioGrant['ask'];
  readonly safe: GpioGrant['safe'];
  readonly cell: LineCell;
  /** Present when the ask names edges: the main thread fills it. */
  readonly events: SharedArrayBuffer | undefined;
};

export type ThreadSerial = { readonly label: string; readonly ask: SerialAsk; readonly shared: SharedArrayBuffer };

export type ThreadSeries = Pick<TelemetryAsk, 'label' | 'maxPerS'>;

export type ThreadVolume = { readonly path: string; readonly folder: string; readonly maxBytes: number };

export type ThreadData = {
  readonly app: string;
  readonly module: WebAssembly.Module;
  readonly base: boolean;
  readonly control: SharedArrayBuffer;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly maxOutputBytesPerS: number;
  readonly lines: readonly ThreadLine[];
  readonly serial: readonly ThreadSerial[];
  readonly series: readonly ThreadSeries[];
  readonly volumes: readonly ThreadVolume[];
};

export type ThreadMessage =
  | { readonly kind: 'started'; readonly tid: number | undefined; readonly base: boolean }
  | { readonly kind: 'first-host-call'; readonly tNs: bigint }
  | { readonly kind: 'ready' }
  | { readonly kind: 'beat' }
  | { readonly kind: 'failing'; readonly reason: string }
  | { readonly kind: 'output'; readonly stream: OutputStream; readonly bytes: Uint8Array; readonly dropped: number }
  | { readonly kind: 'telemetry'; readonly samples: readonly TelemetrySample[]; readonly dropped: number }
  /** There is something to do for the port of this label. */
  | { readonly kind: 'serial'; readonly label: string }
  /** An output was closed whose safe state is to be an input, which a value cell cannot do. */
  | { readonly kind: 'release'; readonly label: string }
  | { readonly kind: 'end'; readonly end: GuestEnd };
