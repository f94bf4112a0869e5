/**
 * Cuts a byte stream into lines. The returned function takes the next piece and gives the lines that it completes,
 * or undefined once a line has grown beyond `bytesMax`: then whoever sends it is not a peer, and the stream is to be closed.
 */
export function splitLines(bytesMax: number): (piece: Uint8Array) => readonly string[] | undefined {
  let held: Buffer = Buffer.alloc(0);
  return (piece) => {
    const bytes = held.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([held, piece]);
    const lines: string[] = [];
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      if (at - from > bytesMax) return undefined;
      lines.push(bytes.toString('utf8', from, at));
      from = at + 1;
    }
    // A copy, since a stream may use its buffer again.
    held = Buffer.from(bytes.subarray(from));
    return held.length > bytesMax ? undefined : lines;
  };
}
