import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Step, isStep } from '@pier/shared/core';

/** What a process has said of its journal: it passed a step, or it dies at one. `line` is the whole of what it logged. */
export type Said = { readonly kind: 'passed' | 'died'; readonly step: Step; readonly line: string };

/** Reads what is added to a log file, from its end at the time of opening or from its start. */
export class LogTail {
  readonly #path: string;
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** All steps since the last look. */
  read(): Said[] {
    return this.lines().flatMap((line): Said[] => {
      const [, kind, step = ''] = /"(msg|died)":"(step\.[a-z-]+)"/.exec(line) ?? [];
      return isStep(step) ? [{ kind: kind === 'died' ? 'died' : 'passed', step, line }] : [];
    });
  }

  /** Whole lines since the last look; a file that is not there yet has none. */
  lines(): string[] {
    const text = this.#rest + this.#more();
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  #more(): string {
    let fd: number;
    try {
      fd = openSync(this.#path, 'r');
    } catch {
      // Not there yet.
      return '';
    }
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - this.#offset));
      const read = bytes.length === 0 ? 0 : readSync(fd, bytes, 0, bytes.length, this.#offset);
      this.#offset += read;
      return bytes.subarray(0, read).toString('latin1');
    } finally {
      closeSync(fd);
    }
  }
}
