import * as host from "./host/app";

/** The sentence behind the last negative result of a host function. */
export function lastError(): string {
  const buffer = new ArrayBuffer(256);
  const length = host.last_error(changetype<usize>(buffer), buffer.byteLength);
  return length > 0 ? String.UTF8.decodeUnsafe(changetype<usize>(buffer), length) : "";
}

/** A result as it is; traps with the host's sentence when it is negative. */
export function checked(what: string, result: i32): i32 {
  if (result < 0) throw new Error("cannot " + what + ": " + lastError() + " (" + result.toString() + ")");
  return result;
}
