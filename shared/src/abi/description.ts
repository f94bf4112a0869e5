/**
 * The host functions that a guest may import, described once: the sandbox builds and checks its import objects from this
 * table, and each SDK is checked against it. An incompatible change gets a new module name (`pier_gpio_2`).
 * Pointers are offsets into the guest's memory; strings are UTF-8; results ≥ 0 are fine, < 0 are error codes.
 */
export type WasmType = 'i32' | 'i64' | 'f32' | 'f64';
export type HostFunction = { readonly params: readonly WasmType[]; readonly results: readonly WasmType[]; readonly doc: string };

export const hostModules = {
  pier_gpio: {
    version: 1,
    functions: {
      open: { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'], doc: '(label_ptr, label_len, mode, flags) -> handle; mode 0 in, 1 out; flags must be 0: polarity, pull and initial level come from the manifest' },
      get: { params: ['i32'], results: ['i32'], doc: '(handle) -> 1 active, 0 inactive' },
      set: { params: ['i32', 'i32'], results: ['i32'], doc: '(handle, active) -> 0' },
      toggle: { params: ['i32'], results: ['i32'], doc: '(handle) -> the new state' },
      watch: { params: ['i32', 'i32'], results: ['i32'], doc: '(handle, edges: 1 to active, 2 to inactive, 3 both) -> 0; once per handle; debounce comes from the manifest' },
      events: { params: ['i32', 'i32', 'i32'], results: ['i32'], doc: '(handle, buf, cap_bytes) -> n records of 24 bytes {u64 t_ns, u32 seq, u32 lost, u16 kind: 1|2, u16 active, u32 0}; 0 when there is none; never blocks' },
      subscribe: { params: ['i32'], results: ['i32'], doc: '(handle) -> pollable; ready while an event of a watched input waits' },
      close: { params: ['i32'], results: ['i32'], doc: '(handle) -> 0; an output goes to its safe state' },
    },
  },
  pier_serial: {
    version: 1,
    functions: {
      open: { params: ['i32', 'i32'], results: ['i32'], doc: '(label_ptr, label_len) -> handle; the port starts with the first of each setting in the manifest' },
      configure: { params: ['i32', 'i32', 'i32', 'i32', 'i32'], results: ['i32'], doc: '(handle, baud, data_bits, parity: 0 none|1 even|2 odd, stop_bits) -> 0; only settings that the manifest lists' },
      read: { params: ['i32', 'i32', 'i32'], results: ['i32'], doc: '(handle, buf, cap) -> bytes read; would-block when none is there; disconnected once the port is gone and all is read; never blocks' },
      write: { params: ['i32', 'i32', 'i32'], results: ['i32'], doc: '(handle, ptr, len) -> bytes taken, which may be fewer; would-block when none could be taken; never blocks' },
      pending: { params: ['i32'], results: ['i32'], doc: '(handle) -> bytes taken that have not left yet' },
      flush: { params: ['i32'], results: ['i32'], doc: '(handle) -> 0; drops what was received and what waits to be sent' },
      lost: { params: ['i32'], results: ['i32'], doc: '(handle) -> received bytes lost since the last call because nobody read them in time' },
      status: { params: ['i32'], results: ['i32'], doc: '(handle) -> 0 open, 1 disconnected; a port that is plugged in again is open again' },
      subscribe: { params: ['i32', 'i32'], results: ['i32'], doc: '(handle, interest: 1 read|2 write|4 status, or a sum of them) -> pollable' },
      close: { params: ['i32'], results: ['i32'], doc: '(handle) -> 0' },
    },
  },
  pier_poll: {
    version: 1,
    functions: {
      wait: { params: ['i32', 'i32', 'i64', 'i32'], results: ['i32'], doc: '(list_ptr: u32 pollables, count, timeout_ns: negative waits without end, out_ptr: u32 indices, room for count) -> how many are ready; 0 when time is up' },
      ready: { params: ['i32'], results: ['i32'], doc: '(pollable) -> 1 ready, 0 not' },
      drop: { params: ['i32'], results: ['i32'], doc: '(pollable) -> 0' },
    },
  },
  pier_telemetry: {
    version: 1,
    functions: {
      open: { params: ['i32', 'i32'], results: ['i32'], doc: '(label_ptr, label_len) -> handle of a series that the manifest asks for' },
      record: { params: ['i32', 'f64'], results: ['i32'], doc: '(handle, value) -> 0; rate-limited above what the manifest asks for; bad-argument for a value that is not finite' },
    },
  },
  pier_app: {
    version: 1,
    functions: {
      ready: { params: [], results: ['i32'], doc: '() -> 0; the app is up (health.ready: call)' },
      beat: { params: [], results: ['i32'], doc: '() -> 0; still well (health.beatS)' },
      failing: { params: ['i32', 'i32'], results: ['i32'], doc: '(ptr, len) -> 0; the app says why it is not well; the attempt fails' },
      stop_requested: { params: [], results: ['i32'], doc: '() -> 1 when the agent asks the guest to return within its grace' },
      subscribe_stop: { params: [], results: ['i32'], doc: '() -> pollable; ready when the agent asks the guest to return' },
      last_error: { params: ['i32', 'i32'], results: ['i32'], doc: '(buf, cap) -> bytes written; the sentence behind the last error code' },
    },
  },
} as const satisfies Record<string, { version: number; functions: Record<string, HostFunction> }>;

export type HostModuleName = keyof typeof hostModules;

/** Negative results, the same in every module; names and order follow the errors of the wasi-gpio draft. */
export const hostErrors = {
  'hardware-fault': -1,
  'already-in-use': -2,
  'pin-not-allowed': -3,
  'mode-not-allowed': -4,
  'undefined-label': -5,
  'mode-not-available': -6,
  'would-block': -7,
  'not-supported': -8,
  'bad-argument': -9,
  closed: -10,
  revoked: -11,
  'rate-limited': -12,
  disconnected: -13,
  other: -99,
} as const;
export type HostError = keyof typeof hostErrors;

export const gpioEventBytes = 24;
