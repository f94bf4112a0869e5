/** Guests for flow tests: the examples, compiled once per run of the tests, and tiny ones written as text. */
import { fileURLToPath } from 'node:url';
import { buildApp } from '../../cli/src/app/index.ts';
import { command, imported, wat } from './wat.ts';

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

export type Guest = { readonly wasm: Uint8Array; readonly asks: unknown; readonly limits: unknown };

/** An example as its folder says, compiled by the same code as `pier app build`. */
export async function exampleGuest(name: 'blink' | 'journal' | 'meter'): Promise<Guest> {
  const { wasm, manifest } = await buildApp({ dir: example(name) });
  return { wasm, asks: manifest.asks, limits: manifest.limits };
}

const ledAsk = { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }] };

/** Opens the LED, switches it on, waits, and traps: what a safe state is for. */
export async function trappingGuest(afterMs: number): Promise<Guest> {
  const wasm = await wat(`(module
    (import "pier_gpio" "open" (func $open (param i32 i32 i32 i32) (result i32)))
    (import "pier_gpio" "set" (func $set (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "led")
    (func (export "_start") (local $h i32)
      (local.set $h (call $open (i32.const 0) (i32.const 3) (i32.const 1) (i32.const 0)))
      (drop (call $set (local.get $h) (i32.const 1)))
      ;; one relative monotonic clock subscription at 64
      (i32.store (i32.const 80) (i32.const 1))
      (i64.store (i32.const 88) (i64.const ${BigInt(afterMs) * 1_000_000n}))
      (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)))
      unreachable))`);
  return { wasm, asks: ledAsk, limits: {} };
}

/** Writes a line so often, until it is asked to stop. */
export async function talkingGuest(everyMs: number): Promise<Guest> {
  const body = `(loop $again (call $print (i32.const 1000) (i32.const 7)) (drop (call $wait (i32.const 0) (i32.const 0) (i64.const ${BigInt(everyMs) * 1_000_000n}) (i32.const 0))) (br_if $again (i32.eqz (call $stop_requested))))`;
  const imports = [imported('pier_poll.wait', 'iiIi:i'), imported('pier_app.stop_requested', ':i')];
  return { wasm: await command(body, { imports, more: '(data (i32.const 1000) "talks!\\n")' }), asks: {}, limits: {} };
}

/** Writes lines, numbers and beats as fast as it can, and does nothing else, until it is asked to stop. */
export async function floodingGuest(): Promise<Guest> {
  const line = 'flood '.repeat(40);
  const body = `(drop (call $open (i32.const 1000) (i32.const 5)))
    (loop $again (drop (call $record (i32.const 1) (f64.const 1))) (drop (call $beat)) (call $print (i32.const 2000) (i32.const ${line.length + 1})) (br_if $again (i32.eqz (call $stop_requested))))`;
  const imports = [imported('pier_telemetry.open', 'ii:i'), '(import "pier_telemetry" "record" (func $record (param i32 f64) (result i32)))', imported('pier_app.beat', ':i'), imported('pier_app.stop_requested', ':i')];
  const wasm = await command(body, { imports, more: `(data (i32.const 1000) "noise") (data (i32.const 2000) "${line}\\n")` });
  return { wasm, asks: { telemetry: [{ label: 'noise', unit: 'x', maxPerS: 100 }] }, limits: { maxOutputBytesPerS: 4_096 } };
}
