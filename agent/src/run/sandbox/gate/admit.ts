/**
 * The attack this stops: a module that reaches a host function that it was not given, or that the compiler chokes on.
 * Names are looked up as own properties, so that `toString` or `__proto__` find nothing; types are compared, since an engine
 * links a JavaScript function to any import type.
 */
import { type HostFunction, hostModules } from '@pier/shared/abi';
import type { Grant } from '@pier/shared/capability';
import { Fault, type Refusal, type Verdict, accept, refuse } from '@pier/shared/core';
import type { Admitted } from '../runner.ts';
import { Malformed, TooMany, Unsupported } from './reader.ts';
import { type Import, type Shape, type Signature, bounds, shapeOf } from './shape.ts';
import { usesFiles, wasiModule, wasiSignatures } from './wasi-signatures.ts';

export const moduleBytesMax = 16 << 20;

/** The load gate: may this module be compiled, and run with this grant? Pure. */
export function admit(wasm: Uint8Array, grant: Grant): Verdict<Admitted> {
  const strange = headerRefusal(wasm);
  if (strange) return { ok: false, refusal: strange };
  try {
    const shape = shapeOf(wasm);
    const refusal = exportRefusal(shape) ?? importRefusal(shape, grant) ?? tableRefusal(shape) ?? invalidRefusal(wasm);
    if (refusal) return { ok: false, refusal };
    const base = grant.storage.length > 0 && shape.imports.some(({ module, name }) => module === wasiModule && usesFiles(name));
    return accept({ base, imports: shape.imports.map(({ module, name }) => `${module}.${name}`) });
  } catch (error) {
    if (error instanceof TooMany) return refuse('too-large', `the module cannot be loaded: ${error.message}`);
    if (error instanceof Unsupported) return refuse('artifact-unsupported', `the module cannot be loaded: ${error.message}`);
    if (error instanceof Malformed) return refuse('wasm-invalid', `the module does not follow the WebAssembly binary format: ${error.message}`);
    throw error;
  }
}

function headerRefusal(wasm: Uint8Array): Refusal | undefined {
  if (wasm.byteLength > moduleBytesMax) return { code: 'too-large', reason: `the module has ${wasm.byteLength} bytes; at most ${moduleBytesMax} are loaded` };
  const header = Buffer.from(wasm.subarray(0, 8)).toString('hex');
  if (header === '0061736d01000000') return undefined;
  // The layer field tells a component from a core module (component-model, Binary.md, "preamble").
  if (header.startsWith('0061736d') && wasm[6] === 1) return { code: 'artifact-unsupported', reason: 'this is a WASI 0.2 component; a core module for WASI 0.1 (wasip1) was expected' };
  if (header.startsWith('0061736d')) return { code: 'artifact-unsupported', reason: `this is WebAssembly of version 0x${header.slice(8)}; version 1 of a core module was expected` };
  return { code: 'wasm-invalid', reason: `this is no WebAssembly: it starts with 0x${header}, expected 0x0061736d` };
}

function exportRefusal({ exports, memories, signatureOf }: Shape): Refusal | undefined {
  const start = exports.get('_start');
  if (start?.kind !== 0) return { code: 'artifact-unsupported', reason: 'the module exports no function "_start"; a command was expected, not a library (reactor)' };
  if (signatureOf(start.index) !== ':') return { code: 'wasm-invalid', reason: `"_start" is ${worded(signatureOf(start.index) ?? '?')}; expected ${worded(':')}` };
  if (memories.length !== 1 || exports.get('memory')?.kind !== 2) return { code: 'artifact-unsupported', reason: 'the module exports no memory named "memory", which host functions need' };
  return undefined;
}

function importRefusal({ imports }: Shape, grant: Grant): Refusal | undefined {
  for (const one of imports) {
    const reason = deniedBecause(one, grant);
    if (reason !== undefined) return { code: 'import-denied', reason };
  }
  return undefined;
}

function deniedBecause({ module, name, kind, signature }: Import, grant: Grant): string | undefined {
  const full = `${printable(module)}.${printable(name)}`;
  if (kind !== 'function') return `the import "${full}" is a ${kind}; only functions are given to a guest`;
  const expected = signatureFor(module, name);
  if (expected === undefined) return `the import "${full}" is not known; modules are ${[wasiModule, ...Object.keys(hostModules)].join(', ')}`;
  if (expected !== signature) return `the import "${full}" is declared ${worded(signature)}; it is ${worded(expected)}`;
  const needed = Object.hasOwn(neededBy, module) ? neededBy[module] : undefined;
  if (needed && grant[needed.kind].length === 0) return `the import "${full}" needs a ${needed.noun}, and this app is granted none`;
  return undefined;
}

/** Modules that reach something of the device or tell something of it; `pier_app` and `pier_poll` do neither by themselves. */
const neededBy: Readonly<Record<string, { readonly kind: keyof Grant; readonly noun: string }>> = {
  pier_gpio: { kind: 'gpio', noun: 'gpio line' },
  pier_serial: { kind: 'serial', noun: 'serial port' },
  pier_telemetry: { kind: 'telemetry', noun: 'telemetry series' },
};

function signatureFor(module: string, name: string): Signature | undefined {
  if (module === wasiModule) {
    const known: Readonly<Record<string, Signature>> = wasiSignatures;
    return Object.hasOwn(known, name) ? known[name] : undefined;
  }
  const modules: Readonly<Record<string, { functions: Readonly<Record<string, HostFunction>> }>> = hostModules;
  const functions = Object.hasOwn(modules, module) ? modules[module]?.functions : undefined;
  const described = functions && Object.hasOwn(functions, name) ? functions[name] : undefined;
  return described && `${lettersOf(described.params)}:${lettersOf(described.results)}`;
}

function lettersOf(types: HostFunction['params']): string {
  const letters = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' } as const;
  return types.map((type) => letters[type]).join('');
}

function worded(signature: Signature): string {
  const words: Readonly<Record<string, string>> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'another type' };
  const [params = '', results = ''] = signature.split(':');
  const list = (letters: string): string => `(${Array.from(letters, (letter) => words[letter] ?? '?').join(', ')})`;
  return `${list(params)} -> ${list(results)}`;
}

/** Names in a module are any UTF-8; what is shown to people is short and without control characters. */
function printable(name: string): string {
  return name.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, '?');
}

function tableRefusal({ tables }: Shape): Refusal | undefined {
  const large = tables.find(({ min }) => min > bounds.tableEntries);
  return large && { code: 'too-large', reason: `the module has a table of ${large.min} entries; at most ${bounds.tableEntries} are allowed` };
}

function invalidRefusal(wasm: Uint8Array): Refusal | undefined {
  const bytes = Uint8Array.from(wasm);
  if (WebAssembly.validate(bytes)) return undefined;
  return { code: 'wasm-invalid', reason: `the module is not valid: ${whyInvalid(bytes)}` };
}

function whyInvalid(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    // Only a module that is known to be invalid comes here: it is for the sentence, which validate() does not give.
    void new WebAssembly.Module(bytes);
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, '') : String(error);
  }
  throw new Fault('internal', 'a module that does not validate was compiled');
}
