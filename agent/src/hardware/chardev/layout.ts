/**
 * The kernel's structures and numbers, uAPI v2 of the GPIO character device, as linux/gpio.h has them on every machine
 * with the generic ioctl numbers (ARM, x86). `layout.test.ts` holds each of them against what a C compiler makes of that header.
 */

/** Bytes in all; and for each field its offset and bytes. */
type Struct = { readonly bytes: number; readonly fields: Readonly<Record<string, readonly [offset: number, bytes: number]>> };

export const structs = {
  gpiochip_info: { bytes: 68, fields: { name: [0, 32], label: [32, 32], lines: [64, 4] } },
  gpio_v2_line_attribute: { bytes: 16, fields: { id: [0, 4], padding: [4, 4], flags: [8, 8], values: [8, 8], debounce_period_us: [8, 4] } },
  gpio_v2_line_config_attribute: { bytes: 24, fields: { attr: [0, 16], mask: [16, 8] } },
  gpio_v2_line_config: { bytes: 272, fields: { flags: [0, 8], num_attrs: [8, 4], padding: [12, 20], attrs: [32, 240] } },
  gpio_v2_line_request: { bytes: 592, fields: { offsets: [0, 256], consumer: [256, 32], config: [288, 272], num_lines: [560, 4], event_buffer_size: [564, 4], padding: [568, 20], fd: [588, 4] } },
  gpio_v2_line_info: { bytes: 256, fields: { name: [0, 32], consumer: [32, 32], offset: [64, 4], num_attrs: [68, 4], flags: [72, 8], attrs: [80, 160], padding: [240, 16] } },
  gpio_v2_line_values: { bytes: 16, fields: { bits: [0, 8], mask: [8, 8] } },
  gpio_v2_line_event: { bytes: 48, fields: { timestamp_ns: [0, 8], id: [8, 4], offset: [12, 4], seqno: [16, 4], line_seqno: [20, 4], padding: [24, 24] } },
} as const satisfies Record<string, Struct>;

/** Of `enum gpio_v2_line_flag`, `gpio_v2_line_attr_id` and `gpio_v2_line_event_id`, what is used here. */
export const constants = {
  GPIO_V2_LINE_FLAG_USED: 1,
  GPIO_V2_LINE_FLAG_INPUT: 4,
  GPIO_V2_LINE_FLAG_OUTPUT: 8,
  GPIO_V2_LINE_FLAG_EDGE_RISING: 16,
  GPIO_V2_LINE_FLAG_EDGE_FALLING: 32,
  GPIO_V2_LINE_FLAG_BIAS_PULL_UP: 256,
  GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN: 512,
  GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES: 2,
  GPIO_V2_LINE_ATTR_ID_DEBOUNCE: 3,
  GPIO_V2_LINE_EVENT_RISING_EDGE: 1,
  GPIO_V2_LINE_EVENT_FALLING_EDGE: 2,
} as const;

/** Direction of the data, seen from the program: as in asm-generic/ioctl.h. */
const reads = 2;
const readsAndWrites = 3;

function request(number: number, { bytes }: Struct, direction: number): number {
  return ((direction << 30) | (bytes << 16) | (0xb4 << 8) | number) >>> 0;
}

export const requests = {
  GPIO_GET_CHIPINFO_IOCTL: request(0x01, structs.gpiochip_info, reads),
  GPIO_V2_GET_LINEINFO_IOCTL: request(0x05, structs.gpio_v2_line_info, readsAndWrites),
  GPIO_V2_GET_LINE_IOCTL: request(0x07, structs.gpio_v2_line_request, readsAndWrites),
  GPIO_V2_LINE_SET_CONFIG_IOCTL: request(0x0d, structs.gpio_v2_line_config, readsAndWrites),
  GPIO_V2_LINE_GET_VALUES_IOCTL: request(0x0e, structs.gpio_v2_line_values, readsAndWrites),
  GPIO_V2_LINE_SET_VALUES_IOCTL: request(0x0f, structs.gpio_v2_line_values, readsAndWrites),
} as const;
