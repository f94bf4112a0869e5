import * as host from "./host/wasi";

const scratch = memory.data(16, 8);
const subscription = memory.data(48, 8);
const happened = memory.data(32, 8);
const clockMonotonic = 1;

/** Writes a line to stdout. */
export function print(text: string): void {
  writeAll(1, String.UTF8.encode(text + "\n"));
}

/** Writes a line to stderr. */
export function printError(text: string): void {
  writeAll(2, String.UTF8.encode(text + "\n"));
}

/** Writes all of it, however small the pieces that the host takes. Traps when the host takes nothing. */
export function writeAll(fd: i32, bytes: ArrayBuffer): void {
  let done: u32 = 0;
  while (done < <u32>bytes.byteLength) {
    store<u32>(scratch, <u32>changetype<usize>(bytes) + done);
    store<u32>(scratch, bytes.byteLength - done, 4);
    const errno = host.fd_write(fd, scratch, 1, scratch + 8);
    const written = load<u32>(scratch, 8);
    if (errno != 0 || written == 0) throw new Error("cannot write: WASI errno " + errno.toString());
    done += written;
  }
}

/** Reads what there is into the buffer, from `offset` on; 0 at the end. */
export function readSome(fd: i32, buffer: ArrayBuffer, offset: i32): i32 {
  store<u32>(scratch, <u32>changetype<usize>(buffer) + offset);
  store<u32>(scratch, buffer.byteLength - offset, 4);
  const errno = host.fd_read(fd, scratch, 1, scratch + 8);
  if (errno != 0) throw new Error("cannot read: WASI errno " + errno.toString());
  return load<u32>(scratch, 8);
}

/** Time since some start, in nanoseconds; never jumps. */
export function monotonicNs(): u64 {
  host.clock_time_get(clockMonotonic, 1, scratch);
  return load<u64>(scratch);
}

/** Sleeps; the host may wake a little later, and does when it asks the app to stop. */
export function sleepMs(ms: u32): void {
  memory.fill(subscription, 0, 48);
  store<u32>(subscription, clockMonotonic, 16);
  store<u64>(subscription, <u64>ms * 1000000, 24);
  host.poll_oneoff(subscription, happened, 1, scratch);
}

/** Ends the app at once with a status. */
export function exit(status: i32): void {
  host.proc_exit(status);
}
