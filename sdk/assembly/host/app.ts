// The host module pier_app, as it is. Guests use ../app.ts.

@external("pier_app", "ready")
export declare function ready(): i32;
@external("pier_app", "beat")
export declare function beat(): i32;
@external("pier_app", "failing")
export declare function failing(textPtr: usize, textLen: i32): i32;
@external("pier_app", "stop_requested")
export declare function stop_requested(): i32;
@external("pier_app", "subscribe_stop")
export declare function subscribe_stop(): i32;
@external("pier_app", "last_error")
export declare function last_error(buffer: usize, capacity: i32): i32;
