import type { Fault } from '@pier/shared/core';

export type Format = 'table' | 'json';

export type Screen = Disposable & { readonly isTerminal: boolean; draw(lines: readonly string[]): void };

/** The one place that writes to stdout and stderr: answers to stdout, everything else to stderr; nothing that a terminal would obey. */
export const output = {
  json(value: unknown): void {
    const text = JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined);
    process.stdout.write(`${text.replace(obeyed, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`);
  },
  line(text: string): void {
    process.stdout.write(`${plain(text)}\n`);
  },
  /** A line with text of somebody else in it, which must not look like two of ours. */
  said(text: string): void {
    this.line(text.replaceAll('\n', '⏎'));
  },
  note(text: string): void {
    process.stderr.write(`${plain(text)}\n`);
  },
  /** Columns padded to their widest cell. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const all = [head, ...rows].map((row) => row.map((cell) => plain(cell).replaceAll('\n', ' ')));
    const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
    for (const row of all) this.line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
  },
  /** A picture that is drawn over the one before it, where stdout is a terminal; the last one stays. */
  screen(): Screen {
    const isTerminal = process.stdout.isTTY;
    let drawn = 0;
    return {
      isTerminal,
      draw: (lines) => {
        // One line of the picture is one line of the terminal, so that going up finds its first (ECMA-48: CUU, ED).
        const width = Math.max(20, process.stdout.columns ?? 80);
        const shown = lines.map((line) => plain(line).replaceAll('\n', ' ').slice(0, width - 1));
        process.stdout.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ''}${shown.join('\n')}\n`);
        drawn = shown.length;
      },
      [Symbol.dispose]: () => {
        drawn = 0;
      },
    };
  },
  fault(fault: Fault, format: Format): void {
    if (format === 'json') this.json({ error: { code: fault.code, message: fault.message } });
    this.note(`pier: ${fault.code}: ${plain(fault.message)}`);
  },
};

/** What JSON may hold as it is and a terminal would obey: the C1 controls, DEL, and characters that turn the direction of writing. */
const obeyed = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text without what a terminal obeys: control characters but the line feed, and characters that turn the direction of
 * writing (Unicode Bidi_Control). Reasons come from devices, guests and registries, which may lie.
 */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ');
}
