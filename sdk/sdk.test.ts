import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import { type WasmType, hostErrors, hostModules } from '@pier/shared/abi';
import { expect, test } from 'vitest';
import { errorsSource } from './errors-source.ts';
import { functionImports } from './wasm-imports.ts';

const folder = fileURLToPath(new URL('./assembly', import.meta.url));
type Signature = { readonly params: readonly WasmType[]; readonly results: readonly WasmType[] };

/** From wasi_snapshot_preview1.witx: pointers and sizes are i32, rights, offsets and timestamps i64. */
const wasi: Readonly<Record<string, Signature>> = {
  fd_write: { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] },
  fd_read: { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] },
  fd_seek: { params: ['i32', 'i64', 'i32', 'i32'], results: ['i32'] },
  fd_close: { params: ['i32'], results: ['i32'] },
  fd_prestat_get: { params: ['i32', 'i32'], results: ['i32'] },
  fd_prestat_dir_name: { params: ['i32', 'i32', 'i32'], results: ['i32'] },
  path_open: { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i32', 'i32'], results: ['i32'] },
  clock_time_get: { params: ['i32', 'i64', 'i32'], results: ['i32'] },
  poll_oneoff: { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] },
  proc_exit: { params: ['i32'], results: [] },
};

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

async function compile(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const out: { wasm?: Uint8Array; told: string } = { told: '' };
  const write = (text: string | Uint8Array): void => {
    out.told += String(text);
  };
  const { error } = await main(['main.ts', '--outFile', 'app.wasm', '--runtime', 'stub', '--noColors'], {
    stdout: { write },
    stderr: { write },
    readFile: (name) => files[name] ?? (name.startsWith('host/') ? readOrNull(`${folder}/${name}`) : null),
    listFiles: () => [],
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') out.wasm = contents;
    },
  });
  if (error || !out.wasm) throw new Error(out.told || String(error));
  return out.wasm;
}

const hostFile = (name: string): string => readFileSync(`${folder}/host/${name}.ts`, 'utf8');
const hostFiles = ['gpio', 'serial', 'poll', 'telemetry', 'app', 'wasi'];

/** A guest that exports each declared function again, so that the compiler keeps all of them. */
function referencesAll(): string {
  return hostFiles.map((name) => `export { ${[...hostFile(name).matchAll(/declare function (\w+)\(/g)].map(([, its]) => `${its} as ${name}_${its}`).join(', ')} } from "./host/${name}";\n`).join('');
}

/** What the sources declare, whether the compiler keeps it or not. */
function declared(module: string): string[] {
  return [...hostFiles.map(hostFile).join('\n').matchAll(/@external\("([^"]+)", "([^"]+)"\)/g)].filter((match) => match[1] === module).map((match) => match[2] ?? '').toSorted();
}

test('the SDK declares each host function as the ABI describes it, and no other', async () => {
  const imports = functionImports(await compile({ 'main.ts': referencesAll() }));
  const described: Record<string, Record<string, Signature>> = { wasi_snapshot_preview1: wasi };
  for (const [module, { functions }] of Object.entries(hostModules)) {
    described[module] = Object.fromEntries(Object.entries(functions).map(([name, { params, results }]) => [name, { params, results }]));
    expect(declared(module)).toEqual(Object.keys(functions).toSorted());
  }
  expect(imports).toEqual(described);
});

test('a parameter too few, another type and a function that no host has would be seen', async () => {
  const source = `@external("pier_gpio", "set") declare function set(handle: i32): i32;
@external("pier_gpio", "get") declare function get(handle: i64): i32;
@external("pier_gpio", "blow") declare function blow(): f64;
export { set, get, blow };
`;
  expect(functionImports(await compile({ 'main.ts': source }))).toEqual({
    pier_gpio: { set: { params: ['i32'], results: ['i32'] }, get: { params: ['i64'], results: ['i32'] }, blow: { params: [], results: ['f64'] } },
  });
});

test('the error constants are those of the ABI', () => {
  expect(readFileSync(`${folder}/errors.ts`, 'utf8')).toBe(errorsSource());
  expect(errorsSource()).toContain(`rateLimited: i32 = ${hostErrors['rate-limited']};`);
  expect(errorsSource().match(/^export const/gm)).toHaveLength(Object.keys(hostErrors).length);
});
