import { checked } from "./failure";
import * as host from "./host/gpio";
import { Pollable } from "./poll";

const modeIn = 0;
const modeOut = 1;
const eventBytes = 24;
const eventsAtOnce = 32;
const eventBuffer = memory.data(768);

function openLabel(label: string, mode: i32): i32 {
  const name = String.UTF8.encode(label);
  return checked("open \"" + label + "\"", host.open(changetype<usize>(name), name.byteLength, mode, 0));
}

/** An output, by the label that the app's manifest gives it. `true` is active, whichever level that is. */
export class Output {
  private constructor(private readonly handle: i32) {}

  /** Traps when the label is not granted. */
  static open(label: string): Output {
    return new Output(openLabel(label, modeOut));
  }

  /** 0, or a negative code of `errors`: a write that came too soon (`errors.rateLimited`) may be tried again. */
  set(active: bool): i32 {
    return host.set(this.handle, active ? 1 : 0);
  }

  /** The new state, 0 or 1, or a negative code of `errors`. */
  toggle(): i32 {
    return host.toggle(this.handle);
  }

  /** Gives the line back; it goes to its safe state. */
  close(): void {
    host.close(this.handle);
  }
}

/** An edge of a watched input. */
export class Edge {
  constructor(
    /** Monotonic time in nanoseconds. */
    readonly timeNs: u64,
    /** Counts the edges of this watch from 1. */
    readonly seq: u32,
    /** Edges that were lost just before this one; 0xFFFFFFFF on a board that cannot tell. */
    readonly lost: u32,
    /** The state that the edge leads to. */
    readonly active: bool,
  ) {}
}

const noEdges: Edge[] = [];

export enum Edges {
  ToActive = 1,
  ToInactive = 2,
  Both = 3,
}

/** An input, by the label that the app's manifest gives it. */
export class Input {
  private constructor(private readonly handle: i32) {}

  /** Traps when the label is not granted. */
  static open(label: string): Input {
    return new Input(openLabel(label, modeIn));
  }

  /** 1 active, 0 inactive, or a negative code of `errors`. */
  get(): i32 {
    return host.get(this.handle);
  }

  /** Starts to collect edges; once for each input. Traps when the manifest asks for no such edges. */
  watch(edges: Edges = Edges.Both): void {
    checked("watch", host.watch(this.handle, edges));
  }

  /** The edges since the last call, at most 32; allocates only when there are some. Traps when the board is gone. */
  events(): Edge[] {
    const count = checked("read events", host.events(this.handle, eventBuffer, eventsAtOnce * eventBytes));
    if (count == 0) return noEdges;
    const edges = new Array<Edge>(count);
    for (let index = 0; index < count; index++) {
      const at = eventBuffer + index * eventBytes;
      edges[index] = new Edge(load<u64>(at), load<u32>(at, 8), load<u32>(at, 12), load<u16>(at, 18) == 1);
    }
    return edges;
  }

  /** Ready while an edge that `watch` asked for waits to be read. Traps when too many pollables are held. */
  subscribe(): Pollable {
    return new Pollable(checked("subscribe to edges", host.subscribe(this.handle)));
  }

  close(): void {
    host.close(this.handle);
  }
}
