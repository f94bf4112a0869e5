// The host module pier_gpio, as it is. Guests use ../gpio.ts.

@external("pier_gpio", "open")
export declare function open(labelPtr: usize, labelLen: i32, mode: i32, flags: i32): i32;
@external("pier_gpio", "get")
export declare function get(handle: i32): i32;
@external("pier_gpio", "set")
export declare function set(handle: i32, active: i32): i32;
@external("pier_gpio", "toggle")
export declare function toggle(handle: i32): i32;
@external("pier_gpio", "watch")
export declare function watch(handle: i32, edges: i32): i32;
@external("pier_gpio", "events")
export declare function events(handle: i32, buffer: usize, capacity: i32): i32;
@external("pier_gpio", "subscribe")
export declare function subscribe(handle: i32): i32;
@external("pier_gpio", "close")
export declare function close(handle: i32): i32;
