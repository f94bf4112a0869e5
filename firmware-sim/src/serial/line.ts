/** A serial line as physics: how long bytes take, and what a receiver makes of them at another speed. Pure. */

/** Start bit, eight data bits, stop bit. */
export const bitsPerByte = 10;
/** Two clocks that differ by less understand each other. */
const toleranceShare = 0.03;
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
  for (let timeS = 0; timeS < endS && heard.length < bytesMax; ) {
    if (levelAt(timeS) === 1) {
      // Idle: on to where the next bit of the sender begins.
      timeS = (Math.floor(timeS * from + 1e-6) + 1) / from + 1e-12;
      continue;
    }
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) byte |= levelAt(timeS + (bit + 1.5) / to) << bit;
    heard.push(byte);
    timeS += (bitsPerByte - 0.5) / to;
  }
  return Uint8Array.from(heard);
}

function bitAt(bytes: Uint8Array, index: number): 0 | 1 {
  const byte = bytes[Math.floor(index / bitsPerByte)];
  const bit = index % bitsPerByte;
  if (byte === undefined || bit === bitsPerByte - 1) return 1;
  return bit === 0 || ((byte >> (bit - 1)) & 1) === 0 ? 0 : 1;
}
