export const lineCharactersMax = 2_000;
const mark = ' …';

/** What a terminal would obey and a database would not take. */
const controls = /(?!\t)\p{Cc}/gu;

/** `cutBytes`: how much of the line was skipped. */
export type CutLine = { readonly text: string; readonly cutBytes: number };

/**
 * Cuts one stream of a guest's output into lines of valid text, each of at most 2,000 characters: of a longer one the end is skipped,
 * and a mark says so. Bytes that are no UTF-8, and control characters, come out as U+FFFD.
 */
export class LineCutter {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #held = '';
  #cutBytes = 0;

  /** The lines that these bytes complete. */
  push(bytes: Uint8Array): CutLine[] {
    const [first = '', ...rest] = this.#decoder.decode(bytes, { stream: true }).split('\n');
    this.#hold(first);
    return rest.map((next) => {
      const line = this.#take();
      this.#hold(next);
      return line;
    });
  }

  /** The guest has ended: what it had written of a line, if anything. */
  end(): CutLine[] {
    this.#hold(this.#decoder.decode());
    return this.#held === '' ? [] : [this.#take()];
  }

  #hold(text: string): void {
    const room = lineCharactersMax - this.#held.length;
    this.#held += text.slice(0, room);
    if (text.length > room) this.#cutBytes += Buffer.byteLength(text.slice(room));
  }

  #take(): CutLine {
    const [held, cutBytes] = [this.#held, this.#cutBytes];
    this.#held = '';
    this.#cutBytes = 0;
    const text = cutBytes > 0 ? `${held.slice(0, lineCharactersMax - mark.length)}${mark}` : held.replace(/\r$/, '');
    // A cut in the middle of a pair of surrogates would be no text any more.
    return { text: text.replaceAll(controls, '\uFFFD').toWellFormed(), cutBytes };
  }
}
