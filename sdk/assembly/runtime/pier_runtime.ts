// Stands for AssemblyScript's own `abort`, which would import from `env`: says on stderr what went wrong, and traps.

@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, iovs: usize, iovsLen: i32, written: usize): i32;

// Nothing is allocated here: memory may be what ran out.
const line = memory.data(1024);
const vector = memory.data(16, 8);
const unitsMax = 200;

function put(text: string | null, at: usize): usize {
  if (text === null) return at;
  // UTF-8 takes at most three bytes for each UTF-16 unit.
  return at + String.UTF8.encodeUnsafe(changetype<usize>(text), min(text.length, unitsMax), at);
}

function putNumber(value: u32, at: usize): usize {
  let digits = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) digits++;
  for (let index = digits - 1; index >= 0; index--) {
    store<u8>(at + index, <u8>(48 + (value % 10)));
    value /= 10;
  }
  return at + digits;
}

export function pierAbort(message: string | null, file: string | null, row: u32, column: u32): void {
  let at = put("abort: ", line);
  at = put(message, at);
  at = put(" in ", at);
  at = put(file, at);
  at = putNumber(row, put(":", at));
  at = putNumber(column, put(":", at));
  at = put("\n", at);
  store<u32>(vector, <u32>line);
  store<u32>(vector, <u32>(at - line), 4);
  fd_write(2, vector, 1, vector + 8);
  unreachable();
}
