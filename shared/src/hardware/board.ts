import type { Fault } from '../core/index.ts';
import type { LineRef } from '../capability/index.ts';
import type { Level } from '../cell/index.ts';
import type { LineCell } from './cell.ts';
import type { BoardProfile } from './profile.ts';

export type { Level };

/** Physical, not logical: active-low is applied above the board, by the gate. */
export type LineRequest = {
  readonly at: LineRef;
  readonly direction: 'in' | 'out';
  /** `none` or absent: the pull that the chip has after reset. */
  readonly bias?: 'up' | 'down' | 'none';
  /** Level that an output takes in the same step in which it becomes one: no glitch between. */
  readonly initial?: Level;
  /** Who holds it, for people: the app's name. */
  readonly consumer: string;
};

/** An edge as the board saw it; `seq` counts every edge of the watch from 1, `lost` those dropped just before this one, or `lostUnknown`. */
export type Edge = { readonly tNs: bigint; readonly seq: number; readonly lost: number; readonly level: Level };

/** `lost` of a board that cannot tell; then `seq` counts what it told. The highest that a guest's record holds, so that adding to it stays there. */
export const lostUnknown = 0xffff_ffff;

export type WatchRequest = { readonly edges: 'rising' | 'falling' | 'both'; readonly debounceUs: number };

/**
 * The port to pins. Opening, configuring and watching are asynchronous; each opened line also hands out a synchronous
 * value cell that works in any thread of this process, so that a guest's reads and writes never cross threads.
 */
export interface Board extends AsyncDisposable {
  readonly profile: BoardProfile;
  /** Aborts when the board is gone (cable, process, driver): every line is dead then. */
  readonly gone: AbortSignal;
  /** Faults: `line-unknown`, `line-reserved`, `line-busy` naming the holder, `board-gone`, `hardware-fault`. */
  openLine(request: LineRequest, signal: AbortSignal): Promise<Line>;
  /** Faults: `port-unknown`, `port-busy` naming the holder where it is known, `port-reserved`, `board-gone`, `hardware-fault`. */
  openSerial(request: SerialRequest, signal: AbortSignal): Promise<SerialPort>;
}

export type SerialSettings = { readonly baud: number; readonly dataBits: 7 | 8; readonly parity: 'none' | 'even' | 'odd'; readonly stopBits: 1 | 2 };

/** The listeners are part of the request, so that no byte comes before somebody reads: a hung-up port without a reader is not noticed. */
export type SerialRequest = {
  readonly path: string;
  readonly settings: SerialSettings;
  readonly consumer: string;
  readonly onData: (bytes: Uint8Array) => void;
  /** Called once, when the port ended by itself (unplugged, driver gone); not after it was disposed. */
  readonly onGone: (fault: Fault) => void;
};

/** One opened serial port, held exclusively; disposing closes it. Everything faults with `port-gone` once it is gone. */
export interface SerialPort extends AsyncDisposable {
  readonly path: string;
  configure(settings: SerialSettings, signal: AbortSignal): Promise<void>;
  /** Resolves when the bytes have left for the line; writes keep their order. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Drops what was received and not yet handed over, and what waits to be sent. */
  flush(signal: AbortSignal): Promise<void>;
}

/**
 * One opened line. Disposing releases it; whoever hands `cell` to another thread first makes sure that the thread is gone,
 * since a reused descriptor would point into another file.
 */
export interface Line extends AsyncDisposable {
  readonly at: LineRef;
  readonly direction: 'in' | 'out';
  readonly cell: LineCell;
  /**
   * Drives an output, or turns it into an input, from the agent's own thread. Resolved once the board has done it, after
   * everything that was written through the cell before. Faults: `conflict` on a line opened as an input.
   */
  drive(to: Level | 'input', signal: AbortSignal): Promise<void>;
  /**
   * Calls `onEdge` for each edge until disposed; a board that has to drop edges says so in `lost`.
   * Faults: `conflict` on an output, or on a line that is watched already.
   */
  watch(request: WatchRequest, onEdge: (edge: Edge) => void, signal: AbortSignal): Promise<AsyncDisposable>;
}
