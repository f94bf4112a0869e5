import { checked } from "./failure";
import * as host from "./host/serial";
import { Pollable } from "./poll";

export enum Parity {
  None = 0,
  Even = 1,
  Odd = 2,
}

/** What of a port is waited for; a sum of them is one pollable. */
export enum Interest {
  /** Bytes have arrived, or the port is gone. */
  Read = 1,
  /** There is room for bytes, or the port is gone. */
  Write = 2,
  /** The port has come or gone since the app last looked at `connected`. */
  Status = 4,
}

/** A serial port, by the label that the app's manifest gives it. Nothing here waits; see `subscribe`. */
export class Serial {
  private constructor(private readonly handle: i32) {}

  /** Opens it with the first of each setting of the manifest. Traps when the label is not granted. */
  static open(label: string): Serial {
    const name = String.UTF8.encode(label);
    return new Serial(checked("open \"" + label + "\"", host.open(changetype<usize>(name), name.byteLength)));
  }

  /** 0, or a negative code of `errors`: only settings that the manifest lists. Bytes written before still leave with the old ones. */
  configure(baud: i32, dataBits: i32 = 8, parity: Parity = Parity.None, stopBits: i32 = 1): i32 {
    return host.configure(this.handle, baud, dataBits, parity, stopBits);
  }

  /** Puts what has arrived into the buffer, from `offset` on; how many bytes, or a negative code of `errors`: `wouldBlock` when none has. */
  read(into: Uint8Array, offset: i32 = 0): i32 {
    return host.read(this.handle, into.dataStart + offset, into.length - offset);
  }

  /** How many of the bytes from `offset` to `end` were taken, which may be fewer, or a negative code of `errors`. */
  write(from: Uint8Array, offset: i32 = 0, end: i32 = from.length): i32 {
    return host.write(this.handle, from.dataStart + offset, end - offset);
  }

  /** Bytes that were taken and have not left yet, or a negative code of `errors`. */
  get pending(): i32 {
    return host.pending(this.handle);
  }

  /** Drops what was received and what waits to be sent. */
  flush(): void {
    host.flush(this.handle);
  }

  /** Received bytes that were lost since the last call because nobody read them in time. */
  get lost(): i32 {
    return host.lost(this.handle);
  }

  /** Whether a port is there; one that is plugged in again is the same to the app. */
  get connected(): bool {
    return host.status(this.handle) == 0;
  }

  /** Ready while any of the interests is met. Traps when too many pollables are held. */
  subscribe(interest: i32): Pollable {
    return new Pollable(checked("subscribe to the port", host.subscribe(this.handle, interest)));
  }

  close(): void {
    host.close(this.handle);
  }
}
