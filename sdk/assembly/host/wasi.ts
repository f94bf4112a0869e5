// What the SDK uses of WASI preview 1 (wasi_snapshot_preview1.witx). Guests use ../wasi.ts and ../file.ts.

@external("wasi_snapshot_preview1", "fd_write")
export declare function fd_write(fd: i32, iovs: usize, iovsLen: i32, written: usize): i32;
@external("wasi_snapshot_preview1", "fd_read")
export declare function fd_read(fd: i32, iovs: usize, iovsLen: i32, read: usize): i32;
@external("wasi_snapshot_preview1", "fd_seek")
export declare function fd_seek(fd: i32, offset: i64, whence: i32, position: usize): i32;
@external("wasi_snapshot_preview1", "fd_close")
export declare function fd_close(fd: i32): i32;
@external("wasi_snapshot_preview1", "fd_prestat_get")
export declare function fd_prestat_get(fd: i32, prestat: usize): i32;
@external("wasi_snapshot_preview1", "fd_prestat_dir_name")
export declare function fd_prestat_dir_name(fd: i32, path: usize, pathLen: i32): i32;
@external("wasi_snapshot_preview1", "path_open")
export declare function path_open(dirFd: i32, dirFlags: i32, path: usize, pathLen: i32, openFlags: i32, rights: i64, rightsInheriting: i64, fdFlags: i32, fd: usize): i32;
@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(clock: i32, precision: i64, time: usize): i32;
@external("wasi_snapshot_preview1", "poll_oneoff")
export declare function poll_oneoff(subscriptions: usize, events: usize, count: i32, happened: usize): i32;
@external("wasi_snapshot_preview1", "proc_exit")
export declare function proc_exit(status: i32): void;
