// The host module pier_poll, as it is. Guests use ../poll.ts.

@external("pier_poll", "wait")
export declare function wait(list: usize, count: i32, timeoutNs: i64, indices: usize): i32;
@external("pier_poll", "ready")
export declare function ready(pollable: i32): i32;
@external("pier_poll", "drop")
export declare function drop(pollable: i32): i32;
