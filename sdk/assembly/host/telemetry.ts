// The host module pier_telemetry, as it is. Guests use ../telemetry.ts.

@external("pier_telemetry", "open")
export declare function open(labelPtr: usize, labelLen: i32): i32;
@external("pier_telemetry", "record")
export declare function record(handle: i32, value: f64): i32;
