/** Frames of Modbus RTU (Modbus over Serial Line, V1.02, 2.5.1): unit, function, data, and a CRC-16 with its low byte first. */

export const requestBytes = 8;
/** The answer to a question for one float: unit, function, count, four bytes, CRC. */
export const answerBytes = 9;
const exceptionBytes = 5;
const readInputRegisters: u8 = 4;
const exceptionBit: u8 = 0x80;
const floatRegisters: u16 = 2;
const floatBytes: u8 = 4;

/** What a received frame is; `Unfinished` means that more of it has to come. */
export enum Frame {
  Good,
  Unfinished,
  BadCrc,
  WrongUnit,
  WrongLength,
  Exception,
}

/** CRC-16 with the polynomial 0xA001 (reflected), from 0xFFFF (Modbus over Serial Line, 6.2.2). */
export function crc16(at: usize, length: i32): u16 {
  let crc: u32 = 0xffff;
  for (let index = 0; index < length; index++) {
    crc ^= load<u8>(at + index);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return <u16>crc;
}

/** Writes the question for the float whose first input register is `register`. */
export function writeRequest(at: usize, unit: u8, register: u16): void {
  store<u8>(at, unit);
  store<u8>(at, readInputRegisters, 1);
  store<u16>(at, bswap<u16>(register), 2);
  store<u16>(at, bswap<u16>(floatRegisters), 4);
  store<u16>(at, crc16(at, requestBytes - 2), 6);
}

/** Judges what has arrived so far as the answer to `writeRequest`. */
export function judge(at: usize, length: i32, unit: u8): Frame {
  if (length < exceptionBytes) return Frame.Unfinished;
  const isException = (load<u8>(at, 1) & exceptionBit) != 0;
  const size = isException ? exceptionBytes : answerBytes;
  if (length < size) return Frame.Unfinished;
  if (length > size) return Frame.WrongLength;
  if (load<u16>(at + size - 2) != crc16(at, size - 2)) return Frame.BadCrc;
  if (load<u8>(at) != unit) return Frame.WrongUnit;
  if (isException) return Frame.Exception;
  return load<u8>(at, 1) == readInputRegisters && load<u8>(at, 2) == floatBytes ? Frame.Good : Frame.WrongLength;
}

/** The float of a good frame: IEEE 754, high byte and high word first. */
export function valueOf(at: usize): f32 {
  return reinterpret<f32>(bswap<u32>(load<u32>(at, 3)));
}
