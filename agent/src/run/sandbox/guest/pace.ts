import { Bucket } from '../bucket.ts';

const bytesPerS = 1 << 20;
const syncsPerS = 20;
const syncsBurst = 40;
const waitMsMax = 100;

/** How fast a volume may be written: a guest that overwrites its quota again and again would wear out the board's flash. */
export class Pace {
  readonly #bytes: Bucket;
  readonly #syncs: Bucket;
  readonly #pause: (ms: number) => void;

  /** `pause` blocks the guest's thread, and only that. */
  constructor(maxBytes: number, { nowNs, pause }: { readonly nowNs: () => bigint; readonly pause: (ms: number) => void }) {
    this.#bytes = new Bucket(bytesPerS, nowNs, Math.max(bytesPerS, 4 * maxBytes));
    this.#syncs = new Bucket(syncsPerS, nowNs, syncsBurst);
    this.#pause = pause;
  }

  /** Waits until so many bytes may be written. */
  write(bytes: number): void {
    this.#spend(this.#bytes, bytes, bytesPerS);
  }

  /** Waits until the disk may be synced once more. */
  sync(): void {
    this.#spend(this.#syncs, 1, syncsPerS);
  }

  #spend(bucket: Bucket, wanted: number, perS: number): void {
    for (let left = wanted - bucket.take(wanted); left > 0; left -= bucket.take(left)) this.#pause(Math.min(waitMsMax, Math.max(1, (left / perS) * 1_000)));
  }
}
