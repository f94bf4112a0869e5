// The host module pier_serial, as it is. Guests use ../serial.ts.

@external("pier_serial", "open")
export declare function open(labelPtr: usize, labelLen: i32): i32;
@external("pier_serial", "configure")
export declare function configure(handle: i32, baud: i32, dataBits: i32, parity: i32, stopBits: i32): i32;
@external("pier_serial", "read")
export declare function read(handle: i32, buffer: usize, capacity: i32): i32;
@external("pier_serial", "write")
export declare function write(handle: i32, bytes: usize, length: i32): i32;
@external("pier_serial", "pending")
export declare function pending(handle: i32): i32;
@external("pier_serial", "flush")
export declare function flush(handle: i32): i32;
@external("pier_serial", "lost")
export declare function lost(handle: i32): i32;
@external("pier_serial", "status")
export declare function status(handle: i32): i32;
@external("pier_serial", "subscribe")
export declare function subscribe(handle: i32, interest: i32): i32;
@external("pier_serial", "close")
export declare function close(handle: i32): i32;
