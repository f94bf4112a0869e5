/**
 * What waits to be taken in, by who sent it. It stops one sender from silencing the others: each has a share of its own, the
 * oldest in it gives way to what the same sender says next, and senders are served in turn, each with one message at a time.
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
    if (!line.served) this.#turns.add(sender);
    const { perSenderMax, perSenderBytesMax, bytesMax } = this.#limits;
    while (line.items.length > perSenderMax || line.sizeBytes > perSenderBytesMax) this.#dropFrom(line);
    while (this.#sizeBytes > bytesMax) this.#dropFrom(this.#longest(line));
  }

  /** The next message of whose turn it is; nothing more of this sender comes until `done`. */
  next(): Served<T> | undefined {
    for (const sender of this.#turns) {
      this.#turns.delete(sender);
      const line = this.#lines.get(sender);
      const first = line && this.#shift(line);
      if (!line || !first) {
        this.#lines.delete(sender);
        continue;
      }
      line.served = true;
      return { sender, item: first.item };
    }
    return undefined;
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
