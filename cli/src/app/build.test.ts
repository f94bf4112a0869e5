import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildApp, buildToFile } from './build.ts';
import { readAppManifest } from './manifest.ts';

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
const imports = async (wasm: Uint8Array): Promise<string[]> => WebAssembly.Module.imports(await WebAssembly.compile(Buffer.from(wasm))).map((one) => `${one.module}.${one.name}`);

function makeApp(files: Readonly<Record<string, string | object>>): { readonly dir: string } & Disposable {
  const dir = mkdtempSync(join(tmpdir(), 'pier-app-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
}

const manifest = { app: 'toy', version: '1.0.0', counter: 7, entry: 'assembly/index.ts' };

describe('building an app', () => {
  test('blink is a WASI command that needs pins, and is the same each time', async () => {
    const built = await buildApp({ dir: example('blink') });
    expect(WebAssembly.Module.exports(await WebAssembly.compile(Buffer.from(built.wasm))).map((one) => `${one.kind} ${one.name}`)).toEqual(['memory memory', 'function _start']);
    expect(await imports(built.wasm)).toEqual(expect.arrayContaining(['pier_gpio.open', 'pier_gpio.toggle', 'pier_gpio.events', 'pier_app.ready', 'pier_app.stop_requested', 'wasi_snapshot_preview1.poll_oneoff']));
    expect(built.manifest).toMatchObject({ app: 'blink', asks: { gpio: [{ label: 'led', mode: 'out', safe: 'inactive' }, { label: 'button', mode: 'in', active: 'low', pull: 'up', debounceUs: 2000 }] }, limits: { health: { ready: 'call', withinS: 10 } } });
    expect(Buffer.compare((await buildApp({ dir: example('blink') })).wasm, built.wasm)).toBe(0);
  });

  test('journal needs files and no pins', async () => {
    const built = await buildApp({ dir: example('journal') });
    const needs = await imports(built.wasm);
    expect(needs).toContain('wasi_snapshot_preview1.path_open');
    expect(needs.filter((name) => name.startsWith('pier_gpio'))).toEqual([]);
    expect(built.manifest.asks).toEqual({ gpio: [], serial: [], storage: [{ label: 'data', path: '/data', maxBytes: 65_536, optional: false }], telemetry: [] });
  });

  test('the same source in another folder gives the same bytes', async () => {
    const source = 'import { print } from "pier";\nprint("hello");\n';
    using one = makeApp({ 'pier.json': manifest, 'assembly/index.ts': source });
    using two = makeApp({ 'pier.json': manifest, 'assembly/index.ts': source });
    const wasm = (await buildApp(one)).wasm;
    expect(Buffer.compare(wasm, (await buildApp(two)).wasm)).toBe(0);
    expect(Buffer.from(wasm).includes(one.dir)).toBe(false);
  });

  test("what the compiler says reaches the author, with file and line", async () => {
    using app = makeApp({ 'pier.json': manifest, 'assembly/index.ts': 'import { Output } from "pier";\nOutput.open(7);\n' });
    await expect(buildApp(app)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringMatching(/assembly\/index\.ts\(2,\d+\)/) });
    using without = makeApp({ 'pier.json': manifest });
    await expect(buildApp(without)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('not found') });
  });

  test('an import that no device has is refused by name', async () => {
    using app = makeApp({ 'pier.json': manifest, 'assembly/index.ts': 'import { print } from "pier";\nprint(Math.random().toString());\n' });
    await expect(buildApp(app)).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('env.seed') });
  });

  test('a file is written where it was asked for, and where push looks for it otherwise', async () => {
    using app = makeApp({ 'pier.json': manifest, 'assembly/index.ts': 'import { print } from "pier";\nprint("hello");\n' });
    const built = await buildToFile(app.dir);
    expect(built).toMatchObject({ app: 'toy', version: '1.0.0', file: join(app.dir, 'dist/toy.wasm'), digest: expect.stringMatching(/^sha256:/) });
    expect(readFileSync(built.file).byteLength).toBe(built.sizeBytes);
    expect((await buildToFile(app.dir, join(app.dir, 'out/a.wasm'))).digest).toBe(built.digest);
    expect(readFileSync(join(app.dir, 'out/a.wasm')).byteLength).toBe(built.sizeBytes);
  });
});

describe("an app's manifest", () => {
  test('unknown keys, paths out of the folder and asks without a safe level are refused, all at once', () => {
    using app = makeApp({ 'pier.json': { ...manifest, entry: '../evil.ts', asks: { gpio: [{ label: 'led', mode: 'out' }] }, extra: 1 } });
    expect(() => readAppManifest(app.dir)).toThrow(expect.objectContaining({ code: 'manifest-invalid', message: expect.stringMatching(/(?=.*entry)(?=.*safe)(?=.*extra)/) }));
    using nested = makeApp({ 'pier.json': { ...manifest, entry: 'a/../../evil.ts' } });
    expect(() => readAppManifest(nested.dir)).toThrow(expect.objectContaining({ code: 'manifest-invalid' }));
  });

  test('no manifest and no JSON are said with the file', () => {
    using none = makeApp({});
    expect(() => readAppManifest(none.dir)).toThrow(expect.objectContaining({ code: 'not-found', message: expect.stringContaining('pier.json') }));
    using broken = makeApp({ 'pier.json': '{"app":"toy","app":"other"}' });
    expect(() => readAppManifest(broken.dir)).toThrow(expect.objectContaining({ code: 'json-invalid' }));
  });

  test('the release counter is the manifest\'s, else SOURCE_DATE_EPOCH, else now in seconds', () => {
    using fixed = makeApp({ 'pier.json': manifest });
    expect(readAppManifest(fixed.dir, { epoch: '1700000000' }).counter).toBe(7);
    using free = makeApp({ 'pier.json': { ...manifest, counter: undefined } });
    expect(readAppManifest(free.dir, { epoch: '1700000000' }).counter).toBe(1_700_000_000);
    expect(readAppManifest(free.dir).counter).toBeGreaterThan(1_700_000_000);
    expect(() => readAppManifest(free.dir, { epoch: 'yesterday' })).toThrow(expect.objectContaining({ code: 'input-invalid' }));
  });
});
