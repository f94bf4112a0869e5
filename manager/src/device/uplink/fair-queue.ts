/**
 * What waits to be taken in, by who sent it. It stops one sender from silencing the others: each has a share of its own, the
 * oldest in it gives way to what the same sender says next, and senders are served in turn.
 */
type FairQueueLimits = { readonly perSenderMax: number; readonly perSenderBytesMax: number; readonly bytesMax: number };

type Served<T> = { readonly sender: string; readonly item: T };

type Waiting<T> = { readonly item: T; readonly sizeBytes: number };
type Line<T> = { readonly items: Waiting<T>[]; sizeBytes: number; dropped: number; served: boolean };

export class FairQueue<T> {
  readonly #limits: FairQueueLimits;
  /** Everybody who has something waiting or in service. */
  readonly #lines = new Map<string, Line<T>>();
  /** Those of them whose turn comes, in its order. */
  readonly #turns = new Set<string>();
  #sizeBytes = 0;
  #length = 0;
  #dropped = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(sender: string, item: T, sizeBytes: number): void {
    const line = this.#lines.get(sender) ?? { items: [], sizeBytes: 0, dropped: 0, served: false };
    this.#lines.set(sender, line);
    line.items.push({ item, sizeBytes });
    line.sizeBytes += sizeBytes;
    this.#sizeBytes += sizeBytes;
    this.#length += 1;
    if (!line.served) this.#turns.add(sender);
    const { perSenderMax, perSenderBytesMax, bytesMax } = this.#limits;
    while (line.items.length > perSenderMax || line.sizeBytes > perSenderBytesMax) this.#dropFrom(line);
    while (this.#sizeBytes > bytesMax) this.#dropFrom(this.#longest(line));
  }

  /** Whether anybody's turn has come. */
  get ready(): boolean {
    return this.#turns.size > 0;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#length;
  }

  /**
   * Up to `max` messages: the first of each sender whose turn it is, then the second of each, and so on, at most
   * `perSenderMax` of one. Nothing more of these senders comes until `done`.
   */
  gather({ max, perSenderMax }: { readonly max: number; readonly perSenderMax: number }): Served<T>[] {
    const served: Served<T>[] = [];
    let senders = [...this.#turns].slice(0, max);
    for (let round = 0; round < perSenderMax && senders.length > 0 && served.length < max; round += 1) {
      senders = senders.filter((sender) => {
        const line = this.#lines.get(sender);
        const first = served.length < max && line ? this.#shift(line) : undefined;
        if (!line || !first) return false;
        line.served = true;
        this.#turns.delete(sender);
        served.push({ sender, item: first.item });
        return true;
      });
    }
    return served;
  }

  /** Ends a service; the sender goes to the end of the turns. Out: how many of its messages were dropped, told once when none of it waits any more. */
  done(sender: string): number {
    const line = this.#lines.get(sender);
    if (!line) return 0;
    line.served = false;
    if (line.items.length > 0) {
      this.#turns.add(sender);
      return 0;
    }
    this.#lines.delete(sender);
    return line.dropped;
  }

  #shift(line: Line<T>): Waiting<T> | undefined {
    const first = line.items.shift();
    this.#length -= first === undefined ? 0 : 1;
    line.sizeBytes -= first?.sizeBytes ?? 0;
    this.#sizeBytes -= first?.sizeBytes ?? 0;
    return first;
  }

  #dropFrom(line: Line<T>): void {
    this.#shift(line);
    line.dropped += 1;
    this.#dropped += 1;
  }

  /** Who holds most of the room: the one who speaks, when it has more than an even share, else whoever does. */
  #longest(speaker: Line<T>): Line<T> {
    if (speaker.sizeBytes * this.#lines.size > this.#sizeBytes) return speaker;
    let longest = speaker;
    for (const line of this.#lines.values()) if (line.sizeBytes > longest.sizeBytes) longest = line;
    return longest;
  }
}
