import { loadIoctl } from './ioctl.ts';
import { CellError, type LineValue } from './line-value.ts';

/** A line of a requested GPIO character device; the request holds this one line, so that it is bit 0 (linux/gpio.h, uAPI v2). */
export type IoctlCell = { readonly kind: 'ioctl'; readonly lineFd: number };

/** GPIO_V2_LINE_GET_VALUES_IOCTL and GPIO_V2_LINE_SET_VALUES_IOCTL. */
export const lineValuesRequests = { get: 0xc010_b40e, set: 0xc010_b40f } as const;
const eperm = 1;

export function openIoctlCell({ lineFd }: IoctlCell): LineValue {
  const { ioctl, nameOf } = loadIoctl();
  // struct gpio_v2_line_values { __aligned_u64 bits; __aligned_u64 mask; }
  const values = new BigUint64Array(2);
  const bytes = new Uint8Array(values.buffer);
  const refuse = (errno: number): never => {
    throw new CellError(`the board does not take the access: ${nameOf(errno)}`);
  };
  return {
    read: () => {
      values[1] = 1n;
      const errno = ioctl(lineFd, lineValuesRequests.get, bytes);
      if (errno !== 0) refuse(errno);
      return values[0] === 0n ? 0 : 1;
    },
    write: (level) => {
      values[0] = level === 0 ? 0n : 1n;
      values[1] = 1n;
      const errno = ioctl(lineFd, lineValuesRequests.set, bytes);
      // EPERM: so the kernel answers a write to a line that is an input now.
      if (errno !== 0 && errno !== eperm) refuse(errno);
    },
  };
}
