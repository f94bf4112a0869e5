import type { Fault } from '@pier/shared/core';

export type Format = 'table' | 'json';

/** The one place that writes to stdout and stderr: answers to stdout, everything else to stderr. */
export const output = {
  json(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined)}\n`);
  },
  line(text: string): void {
    process.stdout.write(`${text}\n`);
  },
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  },
  /** Columns padded to their widest cell; control characters from outside never reach the terminal. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const all = [head, ...rows].map((row) => row.map(plain));
    const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
    for (const row of all) this.line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
  },
  fault(fault: Fault, format: Format): void {
    if (format === 'json') this.json({ error: { code: fault.code, message: fault.message } });
    this.note(`pier: ${fault.code}: ${plain(fault.message)}`);
  },
};

/** Text from devices and registries without control characters. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
