/** Between the kernel's bytes and ours: pure, both ways, little endian as every machine that Pier runs on. */
import type { Level } from '@pier/shared/hardware';
import { constants, structs } from './layout.ts';

export type ChipInfo = { readonly name: string; readonly label: string; readonly lines: number };
export type LineInfo = { readonly offset: number; readonly name: string; readonly consumer: string; readonly used: boolean };

/** What a line is to be: flags of `constants`, the level that an output takes, the time that an input has to rest. */
export type LineConfig = { readonly flags: number; readonly level?: Level; readonly debounceUs?: number };
export type LineEvent = { readonly tNs: bigint; readonly level: Level; readonly lineSeq: number };

const { gpiochip_info: chip, gpio_v2_line_info: info, gpio_v2_line_request: request, gpio_v2_line_config: config, gpio_v2_line_config_attribute: pair, gpio_v2_line_attribute: attribute, gpio_v2_line_event: event, gpio_v2_line_values: values } = structs;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Up to the first NUL, as the kernel ends its names. */
function textAt(bytes: Uint8Array, [offset, size]: readonly [number, number]): string {
  const field = bytes.subarray(offset, offset + size);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

export function decodeChip(bytes: Uint8Array): ChipInfo {
  return { name: textAt(bytes, chip.fields.name), label: textAt(bytes, chip.fields.label), lines: viewOf(bytes).getUint32(chip.fields.lines[0], true) };
}

/** The question for a line's information; the answer comes in the same bytes. */
export function encodeInfo(offset: number): Uint8Array {
  const bytes = new Uint8Array(info.bytes);
  viewOf(bytes).setUint32(info.fields.offset[0], offset, true);
  return bytes;
}

export function decodeInfo(bytes: Uint8Array): LineInfo {
  const view = viewOf(bytes);
  const flags = view.getBigUint64(info.fields.flags[0], true);
  return {
    offset: view.getUint32(info.fields.offset[0], true),
    name: textAt(bytes, info.fields.name),
    consumer: textAt(bytes, info.fields.consumer),
    used: (flags & BigInt(constants.GPIO_V2_LINE_FLAG_USED)) !== 0n,
  };
}

/** The configuration of a request's only line. */
export function encodeConfig({ flags, level, debounceUs }: LineConfig, into = new Uint8Array(config.bytes)): Uint8Array {
  const view = viewOf(into);
  view.setBigUint64(config.fields.flags[0], BigInt(flags), true);
  let attributes = 0;
  const next = (id: number): number => {
    const at = config.fields.attrs[0] + attributes * pair.bytes;
    attributes += 1;
    view.setUint32(at + attribute.fields.id[0], id, true);
    view.setBigUint64(at + pair.fields.mask[0], 1n, true);
    return at;
  };
  if (level !== undefined) view.setBigUint64(next(constants.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES) + attribute.fields.values[0], BigInt(level), true);
  if (debounceUs !== undefined) view.setUint32(next(constants.GPIO_V2_LINE_ATTR_ID_DEBOUNCE) + attribute.fields.debounce_period_us[0], debounceUs, true);
  view.setUint32(config.fields.num_attrs[0], attributes, true);
  return into;
}

/** The request for one line, its first level in it; `eventsMax` edges wait in the kernel. */
export function encodeRequest({ offset, consumer, eventsMax, ...settings }: LineConfig & { readonly offset: number; readonly consumer: string; readonly eventsMax: number }): Uint8Array {
  const bytes = new Uint8Array(request.bytes);
  const view = viewOf(bytes);
  view.setUint32(request.fields.offsets[0], offset, true);
  const [at, size] = request.fields.consumer;
  // The last byte stays NUL; a character that does not fit whole is left out.
  new TextEncoder().encodeInto(consumer, bytes.subarray(at, at + size - 1));
  const [from, length] = request.fields.config;
  encodeConfig(settings, bytes.subarray(from, from + length));
  view.setUint32(request.fields.num_lines[0], 1, true);
  view.setUint32(request.fields.event_buffer_size[0], eventsMax, true);
  return bytes;
}

/** The descriptor that the kernel put into a request. */
export function decodeLineFd(bytes: Uint8Array): number {
  return viewOf(bytes).getInt32(request.fields.fd[0], true);
}

export function encodeLevel(level: Level): Uint8Array {
  const bytes = new Uint8Array(values.bytes);
  viewOf(bytes).setBigUint64(values.fields.bits[0], BigInt(level), true);
  viewOf(bytes).setBigUint64(values.fields.mask[0], 1n, true);
  return bytes;
}

export const eventBytes = event.bytes;

/** The whole events in the bytes of one read. */
export function decodeEvents(bytes: Uint8Array): LineEvent[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.byteLength / event.bytes) }, (_, index) => {
    const at = index * event.bytes;
    return {
      tNs: view.getBigUint64(at + event.fields.timestamp_ns[0], true),
      level: view.getUint32(at + event.fields.id[0], true) === constants.GPIO_V2_LINE_EVENT_RISING_EDGE ? 1 : 0,
      lineSeq: view.getUint32(at + event.fields.line_seqno[0], true),
    };
  });
}
