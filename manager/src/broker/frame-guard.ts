/**
 * Reads the fixed header of each packet in the bytes that a client sends (MQTT 3.1.1, section 2.2), before anything collects
 * them: a client that announces 256 MB, or a kind of packet that Pier never takes, is known by its first bytes.
 */
export type FrameGuard = {
  /** Undefined while all is well, else what was wrong. */
  feed(chunk: Uint8Array): string | undefined;
};

const connect = 1;
const publish = 3;
/** CONNECT, PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT; the rest is for servers only, or QoS 2. */
const clientKinds: ReadonlySet<number> = new Set([connect, publish, 4, 8, 10, 12, 14]);
const lengthBytesMax = 4;

export function newFrameGuard(packetBytesMax: number): FrameGuard {
  let skip = 0;
  let length = 0;
  let lengthBytes = 0;
  let inLength = false;
  let first = true;

  const header = (byte: number): string | undefined => {
    const kind = byte >> 4;
    if (first && kind !== connect) return 'the first packet is not CONNECT';
    if (!clientKinds.has(kind)) return `packets of kind ${kind} are not taken from a client`;
    if (kind === publish && (byte & 0b100) !== 0) return 'QoS 2 is not spoken here';
    first = false;
    inLength = true;
    length = 0;
    lengthBytes = 0;
    return undefined;
  };

  const lengthByte = (byte: number): string | undefined => {
    length += (byte & 127) * 128 ** lengthBytes;
    lengthBytes += 1;
    if (length > packetBytesMax) return `a packet of ${length} bytes or more was announced; at most ${packetBytesMax} are taken`;
    if (byte < 128) {
      inLength = false;
      skip = length;
    } else if (lengthBytes === lengthBytesMax) return 'a packet length of more than four bytes';
    return undefined;
  };

  return {
    feed(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (skip > 0) {
          const step = Math.min(skip, chunk.length - at);
          skip -= step;
          at += step;
          continue;
        }
        const byte = chunk[at] ?? 0;
        at += 1;
        const wrong = inLength ? lengthByte(byte) : header(byte);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
  };
}
