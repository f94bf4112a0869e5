import { checked } from "./failure";
import * as host from "./host/poll";

/** Something that can be waited for: bytes on a port, an edge, the wish to stop. */
export class Pollable {
  constructor(readonly id: i32) {}

  /** Whether it is ready now. */
  get ready(): bool {
    return host.ready(this.id) == 1;
  }

  /** Gives it back; an app holds at most 256 at a time. */
  drop(): void {
    host.drop(this.id);
  }
}

/** Waits for several pollables at once. Made once and used again and again: a wait allocates nothing. */
export class Waiter {
  private readonly list: StaticArray<u32>;
  private readonly indices: StaticArray<u32>;
  private count: i32 = 0;

  constructor(pollables: Pollable[]) {
    this.list = new StaticArray<u32>(pollables.length);
    this.indices = new StaticArray<u32>(pollables.length);
    for (let index = 0; index < pollables.length; index++) this.list[index] = pollables[index].id;
  }

  /** Waits at most `timeoutMs`, without end when that is negative, and says how many are ready: 0 when time is up, or once when the agent asks the app to stop. */
  wait(timeoutMs: i32): i32 {
    const timeoutNs = timeoutMs < 0 ? -1 : <i64>timeoutMs * 1000000;
    this.count = checked("wait", host.wait(changetype<usize>(this.list), this.list.length, timeoutNs, changetype<usize>(this.indices)));
    return this.count;
  }

  /** Whether the last wait found the one at this place of the list ready. */
  has(index: u32): bool {
    for (let place = 0; place < this.count; place++) if (this.indices[place] == index) return true;
    return false;
  }
}
