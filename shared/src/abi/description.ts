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
      close: { params: ['i32'], results: ['i32'], doc: '(handle) -> 0; an output goes to its safe state' },
    },
  },
  pier_app: {
    version: 1,
    functions: {
      ready: { params: [], results: ['i32'], doc: '() -> 0; the app is up (health.ready: call)' },
      beat: { params: [], results: ['i32'], doc: '() -> 0; still well (health.beatS)' },
      failing: { params: ['i32', 'i32'], results: ['i32'], doc: '(ptr, len) -> 0; the app says why it is not well; the attempt fails' },
      stop_requested: { params: [], results: ['i32'], doc: '() -> 1 when the agent asks the guest to return within its grace' },
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
  other: -99,
} as const;
export type HostError = keyof typeof hostErrors;

export const gpioEventBytes = 24;
