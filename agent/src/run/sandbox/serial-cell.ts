/** What the agent's thread and a guest's share of one serial port: two rings of bytes, and words that each side alone writes. */
import type { SerialSettings } from '@pier/shared/hardware';
import { ByteRing } from './byte-ring.ts';

const rxBytes = 64 << 10;
const txBytes = 16 << 10;

export const serialWord = {
  rxWritten: 0,
  rxRead: 1,
  /** Agent: bytes received before this place were flushed away. */
  rxDropTo: 2,
  /** Agent adds, guest takes: received bytes that found no room. */
  rxLost: 3,
  txWritten: 4,
  txRead: 5,
  /** Guest: counts its flushes, each of which drops what was written before the place `flushAt`. */
  flushes: 6,
  flushAt: 7,
  /** Guest: the settings that it wants. Agent: those that the port has. */
  asked: 8,
  applied: 9,
  /** Agent: rises with each change; odd while the port is disconnected. */
  status: 10,
  reason: 11,
  /** 1 from the guest's message to the agent until the agent has seen to it, so that few messages do. */
  bell: 12,
  flushBell: 13,
  words: 14,
} as const;

/** Why a port is disconnected. */
export const reason = { absent: 0, failed: 1, revoked: 2 } as const;

const headBytes = serialWord.words * Int32Array.BYTES_PER_ELEMENT;

export type SerialCell = { readonly words: Int32Array; readonly rx: ByteRing; readonly tx: ByteRing };

export function makeSerialBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(headBytes + rxBytes + txBytes);
}

export function openSerialCell(buffer: SharedArrayBuffer): SerialCell {
  const words = new Int32Array(buffer, 0, serialWord.words);
  return {
    words,
    rx: new ByteRing(words, { written: serialWord.rxWritten, read: serialWord.rxRead }, new Uint8Array(buffer, headBytes, rxBytes)),
    tx: new ByteRing(words, { written: serialWord.txWritten, read: serialWord.txRead }, new Uint8Array(buffer, headBytes + rxBytes, txBytes)),
  };
}

const parities = ['none', 'even', 'odd'] as const;

/** All settings in one word, so that the other side never sees half of a change. */
export function packSettings({ baud, dataBits, parity, stopBits }: SerialSettings): number {
  return baud | ((dataBits - 7) << 22) | (parities.indexOf(parity) << 23) | ((stopBits - 1) << 25);
}

export function unpackSettings(word: number): SerialSettings {
  return { baud: word & 0x3f_ffff, dataBits: ((word >> 22) & 1) === 0 ? 7 : 8, parity: parities[(word >> 23) & 3] ?? 'none', stopBits: ((word >> 25) & 1) === 0 ? 1 : 2 };
}

/** What a port starts with: the first of each list of the ask. */
export function firstSettings(ask: { readonly [K in keyof SerialSettings]: readonly SerialSettings[K][] }): SerialSettings {
  const { baud: [baud = 9_600], dataBits: [dataBits = 8], parity: [parity = 'none'], stopBits: [stopBits = 1] } = ask;
  return { baud, dataBits, parity, stopBits };
}
