import { type HostError, type HostModuleName, hostErrors, hostModules } from '@pier/shared/abi';
import { CellError } from '@pier/shared/cell';
import { control } from '../thread.ts';
import { errno, WasiError } from './errno.ts';
import { HostFailure } from './host-app.ts';
import { OutOfBounds } from './memory.ts';
import { GuestExit } from './wasi-basic.ts';

type Value = number | bigint;
/** What a guest calls; arguments are numbers, 64-bit integers bigints. */
type HostFunction = (...args: never[]) => Value | void;
export type ImportModule = Record<string, (...args: Value[]) => Value>;

/** What went wrong on the host's side of a call, kept because the wasm frames between lose it. */
export class CallRecord {
  lastError = '';
  thrown: { readonly name: string; readonly error: unknown } | undefined;
  /** Set once the guest has asked for its end, whatever becomes of the exception on its way out. */
  exit: GuestExit | undefined;
  /** The first call of one of Pier's own functions. */
  onFirstCall: (() => void) | undefined;
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** A step into or out of the host; this thread is the only one that writes the word. */
  pulse(): void {
    this.#words[control.pulse] = (this.#words[control.pulse] ?? 0) + 1;
  }

  tellFirstCall(): void {
    const tell = this.onFirstCall;
    this.onFirstCall = undefined;
    tell?.();
  }
}

/** An import module from WASI functions: no prototype, and every outcome an error number. */
export function wasiImports(functions: Readonly<Record<string, HostFunction>>, record: CallRecord): ImportModule {
  const caught = (name: string, error: unknown): number => {
    if (error instanceof GuestExit) {
      record.exit ??= error;
      throw error;
    }
    if (error instanceof WasiError) return error.errno;
    if (error instanceof OutOfBounds) return errno.fault;
    record.thrown ??= { name: `wasi.${name}`, error };
    throw error;
  };
  return guarded(functions, record, { isOwn: false, caught });
}

/** A function for each that the ABI describes: one that is missing does not compile. */
type HostFunctions = { readonly [M in HostModuleName]: { readonly [F in keyof (typeof hostModules)[M]['functions']]: HostFunction } };

/** Pier's import modules, all that the ABI describes. */
export function pierModules(modules: HostFunctions, record: CallRecord): Record<HostModuleName, ImportModule> {
  return {
    pier_app: pierImports('pier_app', modules.pier_app, record),
    pier_gpio: pierImports('pier_gpio', modules.pier_gpio, record),
    pier_serial: pierImports('pier_serial', modules.pier_serial, record),
    pier_poll: pierImports('pier_poll', modules.pier_poll, record),
    pier_telemetry: pierImports('pier_telemetry', modules.pier_telemetry, record),
  };
}

/** An import module from the functions that the ABI describes under `module`, no more and no fewer. */
function pierImports(module: HostModuleName, functions: Readonly<Record<string, HostFunction>>, record: CallRecord): ImportModule {
  const described = Object.keys(hostModules[module].functions);
  const caught = (name: string, error: unknown): number => {
    const code = hostErrorOf(error);
    if (code === undefined) {
      record.thrown ??= { name: `${module}.${name}`, error };
      throw error;
    }
    record.lastError = error instanceof Error ? error.message : String(error);
    return hostErrors[code];
  };
  const out = guarded(functions, record, { isOwn: true, caught });
  if (described.toSorted().join() !== Object.keys(out).toSorted().join()) throw new Error(`${module} is described with ${described.join()}, made with ${Object.keys(out).join()}`);
  return out;
}

function hostErrorOf(error: unknown): HostError | undefined {
  if (error instanceof HostFailure) return error.code;
  if (error instanceof OutOfBounds) return 'bad-argument';
  if (error instanceof CellError) return 'hardware-fault';
  return undefined;
}

type Layer = { /** Whether its calls count as the first of Pier's own functions. */ readonly isOwn: boolean; readonly caught: (name: string, error: unknown) => number };

/** One layer for all that is done around a call: each further one costs a guest's call to the host some 40 ns. */
function guarded(functions: Readonly<Record<string, HostFunction>>, record: CallRecord, { isOwn, caught }: Layer): ImportModule {
  const out: ImportModule = Object.create(null);
  for (const [name, act] of Object.entries(functions)) {
    const call = act as (...args: Value[]) => Value | void;
    out[name] = (...args) => {
      if (isOwn && record.onFirstCall) record.tellFirstCall();
      record.pulse();
      try {
        return call(...args) ?? errno.success;
      } catch (error) {
        return caught(name, error);
      } finally {
        record.pulse();
      }
    };
  }
  return out;
}
