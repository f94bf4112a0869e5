import * as host from "./host/wasi";
import { readSome, writeAll } from "./wasi";

const out = memory.data(16, 8);
const openCreate = 1;
const seekSet = 0;
const seekEnd = 2;
/** fd_read, fd_seek, fd_tell and fd_write. */
const rights: i64 = 0x66;

/** A file in a folder that the app was granted. */
export class File {
  private constructor(private readonly fd: i32) {}

  /** Opens a file for reading and writing, and makes it if it is not there. Traps when no granted folder holds the path. */
  static open(path: string): File {
    const names = trimSlash(path);
    let best = -1;
    let bestName = "";
    for (let fd = 3; host.fd_prestat_get(fd, out) == 0; fd++) {
      const name = preopenName(fd, load<u32>(out, 4));
      if (!names.startsWith(name.length > 0 ? name + "/" : "") || (best >= 0 && name.length < bestName.length)) continue;
      best = fd;
      bestName = name;
    }
    if (best < 0) throw new Error("cannot open " + path + ": no granted folder holds it");
    const rest = String.UTF8.encode(bestName.length > 0 ? names.substring(bestName.length + 1) : names);
    const errno = host.path_open(best, 0, changetype<usize>(rest), rest.byteLength, openCreate, rights, 0, 0, out);
    if (errno != 0) throw new Error("cannot open " + path + ": WASI errno " + errno.toString());
    return new File(load<i32>(out));
  }

  /** All of it as text. */
  readText(): string {
    const size = <i32>this.seek(0, seekEnd);
    this.seek(0, seekSet);
    const buffer = new ArrayBuffer(size);
    let got = 0;
    while (got < size) {
      const piece = readSome(this.fd, buffer, got);
      if (piece == 0) break;
      got += piece;
    }
    return String.UTF8.decodeUnsafe(changetype<usize>(buffer), got);
  }

  /** Adds text at the end. */
  append(text: string): void {
    this.seek(0, seekEnd);
    writeAll(this.fd, String.UTF8.encode(text));
  }

  close(): void {
    host.fd_close(this.fd);
  }

  private seek(offset: i64, whence: i32): u64 {
    const errno = host.fd_seek(this.fd, offset, whence, out);
    if (errno != 0) throw new Error("cannot seek: WASI errno " + errno.toString());
    return load<u64>(out);
  }
}

function preopenName(fd: i32, length: u32): string {
  const buffer = new ArrayBuffer(length);
  host.fd_prestat_dir_name(fd, changetype<usize>(buffer), length);
  return trimSlash(String.UTF8.decode(buffer));
}

/** Hosts name a folder `/data`, `data` or `data/`. */
function trimSlash(path: string): string {
  const from = path.startsWith("/") ? 1 : 0;
  const to = path.length > 1 && path.endsWith("/") ? path.length - 1 : path.length;
  return path.substring(from, max(from, to));
}
