import type { Grant, Limits } from '@pier/shared/capability';
import type { AppName, Digest, Label, Verdict } from '@pier/shared/core';
import type { Line } from '@pier/shared/hardware';
import type { SerialLink } from './serial-link.ts';

/** All that one guest needs; whoever starts it has opened the lines and made the folders. */
export type Program = {
  readonly app: AppName;
  readonly digest: Digest;
  readonly wasm: Uint8Array;
  readonly limits: Limits;
  readonly grant: Grant;
  /** One opened line for every gpio grant; the guest's thread writes to their cells until `Guest.ended` resolves. */
  readonly lines: ReadonlyMap<Label, Line>;
  /** Host folder (it exists) of every storage grant. */
  readonly storage: ReadonlyMap<Label, string>;
  /** One link for every serial grant; its port comes and goes while the guest runs. */
  readonly serial: ReadonlyMap<Label, SerialLink>;
  /** Arguments after the program's name, which is the app's. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What the guest reads from its standard input before the end of file. */
  readonly stdin?: Uint8Array;
};

export type GuestLimit = 'memory' | 'watchdog';

export type GuestEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'trapped'; readonly reason: string }
  | { readonly kind: 'limit'; readonly limit: GuestLimit; readonly reason: string }
  | { readonly kind: 'stopped' };

export type OutputStream = 'stdout' | 'stderr';

/** A number that a guest told, on CLOCK_MONOTONIC; `series` is a granted telemetry label. */
export type TelemetrySample = { readonly series: string; readonly value: number; readonly tNs: bigint };

export type GuestEvents = {
  onReady(): void;
  onBeat(): void;
  onFailing(reason: string): void;
  /** `dropped` counts the bytes of this stream that were cut just after `bytes` because of `maxOutputBytesPerS`. */
  onOutput(stream: OutputStream, bytes: Uint8Array, dropped: number): void;
  /** At most ten times a second; `dropped` counts the values that the guest told since the last call and that are not among the samples. */
  onTelemetry?(samples: readonly TelemetrySample[], dropped: number): void;
  /** The first call of one of Pier's own functions (`pier_…`), on CLOCK_MONOTONIC. */
  onFirstHostCall?(tNs: bigint): void;
};

/** `memoryBytes` is the size of the guest's linear memory, as it was when the guest last slept or handed over a pointer. */
export type GuestStats = { readonly cpuMs: number; readonly memoryBytes: number; readonly outputBytes: number; readonly outputDroppedBytes: number };

export interface Guest {
  /** Resolves when the guest's thread is gone: only then may its lines be closed. Never rejects. */
  readonly ended: Promise<GuestEnd>;
  /** Whether its imports stand on @wasmer/wasi, or on Pier's own functions alone. */
  readonly base: boolean;
  /** Asks the guest to return, ends its thread after `graceMs`; resolves when the thread is gone. */
  stop(graceMs: number): Promise<GuestEnd>;
  stats(): GuestStats;
}

/** What the load gate learned of a module. */
export type Admitted = { readonly base: boolean; readonly imports: readonly string[] };

/** The port to sandboxes. */
export interface Runner {
  /** The load gate; pure. Refusals: `artifact-unsupported`, `wasm-invalid`, `import-denied`, `too-large`, each naming thing, expected and seen. */
  admit(wasm: Uint8Array, grant: Grant): Verdict<Admitted>;
  /** A start is about to follow: what can be made ready for any guest is. Costs nothing lasting when none follows. */
  warmUp(): void;
  /** Starts a guest; resolves when its thread runs. Faults: those of `admit`, `guest-limit` for memory that the limits do not cover. */
  start(program: Program, events: GuestEvents, signal: AbortSignal): Promise<Guest>;
}
