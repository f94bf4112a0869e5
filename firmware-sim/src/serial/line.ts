/** A serial line as physics: how long bytes take, and what a receiver makes of them at another speed. Pure. */

/** Start bit, eight data bits, stop bit. */
export const bitsPerByte = 10;
/** Two clocks that differ by less understand each other. */
const toleranceShare = 0.03;
/** Part of a bit by which a time lies behind an edge, so that rounding does not put it before. */
const edge = 1e-6;
/** A receiver that hears rubbish hears no more of it than this for each byte sent. */
const bytesMaxFactor = 16;

export function bytesTimeNs(bytes: number, baud: number): bigint {
  return (BigInt(bytes * bitsPerByte) * 1_000_000_000n) / BigInt(baud);
}

/** What a receiver at `to` baud hears of bytes that are sent without a gap at `from` baud, sampling each bit in its middle as a UART does. */
export function resample(bytes: Uint8Array, { from, to }: { from: number; to: number }): Uint8Array {
  if (Math.abs(from - to) <= Math.min(from, to) * toleranceShare) return bytes;
  const endS = (bytes.byteLength * bitsPerByte) / from;
  const levelAt = (timeS: number): 0 | 1 => bitAt(bytes, Math.floor(timeS * from));
  const heard: number[] = [];
  const bytesMax = bytes.byteLength * bytesMaxFactor;
  /** From a level to the next place where the sender's bit is of the wanted one. */
  const seek = (fromS: number, level: 0 | 1): number => {
    let bit = Math.floor(fromS * from + edge);
    while (bit / from < endS && bitAt(bytes, bit) !== level) bit += 1;
    return Math.max(fromS, bit / from + edge / from);
  };
  for (let timeS = seek(0, 0); timeS < endS && heard.length < bytesMax; timeS = seek(timeS, 0)) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) byte |= levelAt(timeS + (bit + 1.5) / to) << bit;
    heard.push(byte);
    // After a stop bit that was none a receiver waits for the line to rest, as after a break.
    timeS = seek(timeS + (bitsPerByte - 0.5) / to, 1);
  }
  return Uint8Array.from(heard);
}

function bitAt(bytes: Uint8Array, index: number): 0 | 1 {
  const byte = bytes[Math.floor(index / bitsPerByte)];
  const bit = index % bitsPerByte;
  if (byte === undefined || bit === bitsPerByte - 1) return 1;
  return bit === 0 || ((byte >> (bit - 1)) & 1) === 0 ? 0 : 1;
}
