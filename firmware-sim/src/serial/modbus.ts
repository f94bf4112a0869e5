/** Modbus RTU frames (Modbus over Serial Line V1.02, 2.5.1; Modbus Application Protocol V1.1b3). Pure. */

const illegal = { function: 1, address: 2, value: 3 } as const;
const registersMax = 125;

/** The two bytes of a register pair from `address` on as a 32-bit float; undefined where the device has no such pair. */
export type Registers = { readonly [code: number]: (address: number) => number | undefined };

/** What a device makes of a frame: nothing when it is damaged or for somebody else. */
export type Heard = { readonly kind: 'crc' | 'other' } | { readonly kind: 'answer'; readonly frame: Uint8Array };

/** Check sum with the polynomial 0xA001, least bit first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

export function withCrc(body: Uint8Array): Uint8Array {
  const crc = crc16(body);
  return Uint8Array.from([...body, crc & 0xff, crc >>> 8]);
}

/** Answers a frame as the device with this number and these registers. */
export function answerTo(frame: Uint8Array, { unit, registers }: { unit: number; registers: Registers }): Heard {
  if (frame.byteLength < 4 || crc16(frame) !== 0) return { kind: 'crc' };
  const [to = 0, code = 0] = frame;
  if (to !== unit) return { kind: 'other' };
  const pairs = registers[code];
  const body = pairs ? read(frame, pairs) : illegal.function;
  return { kind: 'answer', frame: withCrc(Uint8Array.from(typeof body === 'number' ? [unit, code | 0x80, body] : [unit, code, body.byteLength, ...body])) };
}

/** Register pairs as bytes, or the number of the exception. */
function read(frame: Uint8Array, pairs: (address: number) => number | undefined): Uint8Array | number {
  if (frame.byteLength !== 8) return illegal.value;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const [address, count] = [view.getUint16(2), view.getUint16(4)];
  // A float is two registers, and is read whole.
  if (count < 2 || count > registersMax || count % 2 === 1) return illegal.value;
  const body = new DataView(new ArrayBuffer(count * 2));
  for (let at = 0; at < count; at += 2) {
    const value = pairs(address + at);
    if (value === undefined) return illegal.address;
    body.setFloat32(at * 2, value);
  }
  return new Uint8Array(body.buffer);
}

/** The silence that ends a frame: 3.5 characters of 11 bits, and no less than 1.75 ms (2.5.1.1). */
export function silenceMs(baud: number): number {
  return Math.max(1.75, (3.5 * 11 * 1_000) / baud);
}
