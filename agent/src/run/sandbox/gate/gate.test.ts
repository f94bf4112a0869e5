import { expect, test } from 'vitest';
import { type HostFunction, hostModules } from '@pier/shared/abi';
import { GpioAsk, SerialAsk, StorageAsk, TelemetryAsk } from '@pier/shared/capability';
import { admit, capModule, wasiModule, wasiSignatures } from './index.ts';
import { Malformed, Reader } from './reader.ts';

const grant = {
  gpio: [{ ask: GpioAsk.parse({ label: 'led', mode: 'out', safe: 'inactive' }), at: { chip: 'c', line: 1 }, safe: 'low' as const }],
  serial: [{ ask: SerialAsk.parse({ label: 'meter', baud: [9_600] }), path: '/dev/ttyUSB0' }],
  telemetry: [{ ask: TelemetryAsk.parse({ label: 'power' }) }],
  storage: [{ ask: StorageAsk.parse({ label: 'data', path: '/data', maxBytes: 1 }), maxBytes: 1 }],
};

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content];
const types: Readonly<Record<string, number>> = { i: 0x7f, I: 0x7e, f: 0x7d, F: 0x7c };

/** A module with one import, one memory and an empty `_start`. */
function moduleWith(imported: { readonly module: string; readonly name: string; readonly type: string }, memory: readonly number[] = [0, 1]): Uint8Array<ArrayBuffer> {
  const [params = '', results = ''] = imported.type.split(':').map((letters) => Array.from(letters));
  const list = (letters: readonly string[] | string): number[] => [letters.length, ...Array.from(letters, (letter) => types[letter] ?? 0)];
  return Uint8Array.from([
    ...Buffer.from('\0asm'), 1, 0, 0, 0,
    ...section(1, [2, 0x60, 0, 0, 0x60, ...list(params), ...list(results)]),
    ...section(2, [1, ...text(imported.module), ...text(imported.name), 0, 1]),
    ...section(3, [1, 0]),
    ...section(5, [1, ...memory]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('_start'), 0, 1]),
    ...section(10, [1, 2, 0, 0x0b]),
  ]);
}

const letters = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' } as const;
const host = Object.entries(hostModules).flatMap(([module, { functions }]) =>
  Object.entries<HostFunction>(functions).map(([name, { params, results }]) => ({ module, name, type: `${params.map((type) => letters[type]).join('')}:${results.map((type) => letters[type]).join('')}` })),
);
const wasi = Object.entries(wasiSignatures).map(([name, type]) => ({ module: wasiModule, name, type }));

test.each([...host, ...wasi])('$module $name is admitted with its own type and no other', (imported) => {
  expect(admit(moduleWith(imported), grant)).toMatchObject({ ok: true, value: { imports: [`${imported.module}.${imported.name}`] } });
  expect(admit(moduleWith({ ...imported, type: `I${imported.type}` }), grant)).toMatchObject({ ok: false, refusal: { code: 'import-denied' } });
});

test.each([
  ['pier_gpio', 'gpio', 'gpio line'],
  ['pier_serial', 'serial', 'serial port'],
  ['pier_telemetry', 'telemetry', 'telemetry series'],
] as const)('%s is denied by name to an app that is granted no %s', (module, kind, noun) => {
  const { name, type } = host.find((one) => one.module === module) ?? { name: '', type: ':' };
  const verdict = admit(moduleWith({ module, name, type }), { ...grant, [kind]: [] });
  expect(verdict).toMatchObject({ ok: false, refusal: { code: 'import-denied', reason: `the import "${module}.${name}" needs a ${noun}, and this app is granted none` } });
});

test('a number of the wrong kind is refused, with both types', () => {
  const declared = (name: string, type: string): unknown => admit(moduleWith({ module: name.startsWith('w') ? 'pier_poll' : 'pier_telemetry', name, type }), grant);
  expect(declared('record', 'if:i')).toMatchObject({ refusal: { reason: 'the import "pier_telemetry.record" is declared (i32, f32) -> (i32); it is (i32, f64) -> (i32)' } });
  expect(declared('record', 'iI:i')).toMatchObject({ refusal: { reason: expect.stringContaining('(i32, i64)') as string } });
  expect(declared('wait', 'iiii:i')).toMatchObject({ refusal: { reason: expect.stringContaining('it is (i32, i32, i64, i32)') as string } });
});

test('files with a granted folder mean the base, files without one do not', () => {
  const wasm = moduleWith({ module: wasiModule, name: 'path_open', type: wasiSignatures.path_open });
  expect(admit(wasm, grant)).toMatchObject({ value: { base: true } });
  expect(admit(wasm, { ...grant, storage: [] })).toMatchObject({ value: { base: false } });
  expect(admit(moduleWith({ module: wasiModule, name: 'fd_write', type: wasiSignatures.fd_write }), grant)).toMatchObject({ value: { base: false } });
});

test('the cap is written into the module, and leaves a lower one alone', () => {
  const beat = { module: 'pier_app', name: 'beat', type: ':i' };
  const cappedMemory = (memory: readonly number[], mb: number): string => {
    const bytes = capModule(moduleWith(beat, memory), mb);
    expect(WebAssembly.validate(bytes)).toBe(true);
    return Buffer.from(bytes).toString('hex');
  };
  expect(cappedMemory([0, 1], 1)).toContain('050401010110');
  expect(cappedMemory([1, 1, 0xff, 0xff, 0x03], 1)).toContain('050401010110');
  expect(cappedMemory([1, 1, 2], 64)).toContain('050401010102');
  expect(cappedMemory([0, 1], 64)).toContain('05050101018008');
  expect(() => capModule(moduleWith(beat, [0, 17]), 1)).toThrow(expect.objectContaining({ code: 'guest-limit' }));
});

test('a reader goes past no end and takes no number of more than 32 bits', () => {
  expect(new Reader(Uint8Array.of(0xe5, 0x8e, 0x26)).u32()).toBe(624_485);
  expect(new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)).u32()).toBe(0xffff_ffff);
  for (const bytes of [[0xff, 0xff, 0xff, 0xff, 0x1f], [0x80, 0x80, 0x80, 0x80, 0x80, 0], [0x80], []]) expect(() => new Reader(Uint8Array.from(bytes)).u32()).toThrow(Malformed);
  expect(() => new Reader(Uint8Array.of(5, 1)).name()).toThrow(Malformed);
  expect(() => new Reader(Uint8Array.of(1, 0xff)).name()).toThrow(Malformed);
});

test('any change of one byte gives a verdict, never a crash, and what is admitted can be capped', () => {
  const good = moduleWith({ module: 'pier_app', name: 'beat', type: ':i' });
  const judged = (at: number, value: number): string => {
    const changed = Uint8Array.from(good);
    changed[at] = value;
    const verdict = admit(changed, grant);
    return verdict.ok ? String(WebAssembly.validate(capModule(changed, 512))) : verdict.refusal.code;
  };
  const verdicts = new Set([...good.keys()].flatMap((at) => [0, 1, 0x7f, 0x80, 0xff].map((value) => judged(at, value))));
  expect([...verdicts].toSorted()).toEqual(['artifact-unsupported', 'import-denied', 'too-large', 'true', 'wasm-invalid']);
});
