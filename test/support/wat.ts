/** Once a process: it is a WebAssembly module of a megabyte itself, and each load compiles it anew. */
let loaded: ReturnType<typeof loadWabt> | undefined;
const loadWabt = async () => (await import('wabt')).default();

/** Guests of the tests are written as WebAssembly text. */
export async function wat(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await (loaded ??= loadWabt());
  const module = wabt.parseWat('guest.wat', text, { mutable_globals: true, bulk_memory: true, reference_types: true, threads: true, memory64: true });
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

const words: Readonly<Record<string, string>> = { i: 'i32', I: 'i64' };

/** An import line: `imported('wasi_snapshot_preview1.fd_write', 'iiii:i')` names the function `$fd_write`. */
export function imported(path: `${string}.${string}`, types: `${string}:${string}`): string {
  const [module = '', name = ''] = path.split('.');
  const [params = '', results = ''] = types.split(':').map((letters) => Array.from(letters, (letter) => words[letter]).join(' '));
  return `(import "${module}" "${name}" (func $${name}${params && ` (param ${params})`}${results && ` (result ${results})`}))`;
}

/** Numbers that the guest says with `(call $say …)` reach the test as four bytes each; text lies at its own address. */
const say = `
  (func $say (param i32)
    (i32.store (i32.const 60000) (local.get 0)) (i32.store (i32.const 60008) (i32.const 60000)) (i32.store (i32.const 60012) (i32.const 4))
    (drop (call $fd_write (i32.const 1) (i32.const 60008) (i32.const 1) (i32.const 60016))))
  (func $print (param i32 i32)
    (i32.store (i32.const 60008) (local.get 0)) (i32.store (i32.const 60012) (local.get 1))
    (drop (call $fd_write (i32.const 1) (i32.const 60008) (i32.const 1) (i32.const 60016))))`;

/** A command that imports `fd_write` and what it is given, has one page of memory, and runs `body`. */
export function command(body: string, { imports = [], memory = '1', more = '' }: { imports?: readonly string[]; memory?: string; more?: string } = {}): Promise<Uint8Array<ArrayBuffer>> {
  return wat(`(module ${[imported('wasi_snapshot_preview1.fd_write', 'iiii:i'), ...imports].join('\n')} (memory (export "memory") ${memory}) ${say} ${more} (func (export "_start") ${body}))`);
}
