import { checked } from "./failure";
import * as host from "./host/telemetry";

/** A series of numbers that the app tells the fleet's owner, by the label that its manifest gives it. */
export class Series {
  private constructor(private readonly handle: i32) {}

  /** Traps when the label is not granted. */
  static open(label: string): Series {
    const name = String.UTF8.encode(label);
    return new Series(checked("open \"" + label + "\"", host.open(changetype<usize>(name), name.byteLength)));
  }

  /** 0, or a negative code of `errors`: `rateLimited` above the rate of the manifest, `badArgument` for what is not finite. */
  record(value: f64): i32 {
    return host.record(this.handle, value);
  }
}
