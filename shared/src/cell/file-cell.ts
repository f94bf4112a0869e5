import { readSync, writeSync } from 'node:fs';
import { CellError, type LineValue, guarded } from './line-value.ts';

/** A sysfs `value` file, open for reading and writing: one digit at offset 0 (kernel, Documentation/admin-guide/gpio/sysfs). */
export type FileCell = { readonly kind: 'file'; readonly valueFd: number };

const digits = [Uint8Array.of(0x30), Uint8Array.of(0x31)] as const;

export function openFileCell({ valueFd }: FileCell): LineValue {
  const byte = new Uint8Array(1);
  return {
    read: () => {
      if (guarded(() => readSync(valueFd, byte, 0, 1, 0)) !== 1) throw new CellError('the line has no level: its board is gone');
      return byte[0] === 0x31 ? 1 : 0;
    },
    write: (level) =>
      guarded(() => {
        try {
          writeSync(valueFd, digits[level], 0, 1, 0);
        } catch (thrown) {
          // So the kernel answers a write to a line that is an input now.
          if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) throw thrown;
        }
      }),
  };
}
