import type { WasmType } from '@pier/shared/abi';

export type FunctionType = { readonly params: readonly WasmType[]; readonly results: readonly WasmType[] };

const valueTypes: Readonly<Record<number, WasmType>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };
const typeSection = 1;
const importSection = 2;

/** The functions that a module imports, by module and name, with their types (core spec, 5.5.4 and 5.5.5). For modules of our own compiler. */
export function functionImports(wasm: Uint8Array): Record<string, Record<string, FunctionType>> {
  const types: FunctionType[] = [];
  const imports: Record<string, Record<string, FunctionType>> = {};
  const reader = new Reader(wasm, 8);
  while (reader.left > 0) {
    const id = reader.byte();
    const section = reader.part(reader.u32());
    if (id === typeSection) types.push(...section.list(() => readType(section)));
    if (id === importSection) {
      for (const { module, name, index } of section.list(() => readImport(section))) {
        const type = types[index];
        if (type) (imports[module] ??= {})[name] = type;
      }
    }
  }
  return imports;
}

function readType(from: Reader): FunctionType {
  if (from.byte() !== 0x60) throw new Error('a function type was expected');
  const values = (): WasmType[] => from.list(() => valueTypes[from.byte()] ?? 'i32');
  return { params: values(), results: values() };
}

function readImport(from: Reader): { module: string; name: string; index: number } {
  const [module, name] = [from.name(), from.name()];
  if (from.byte() !== 0) throw new Error(`${module}.${name} is imported, and is no function`);
  return { module, name, index: from.u32() };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new Error('the module ends too early');
    this.#at += 1;
    return value;
  }

  /** LEB128 (core spec, 5.2.2). */
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  part(length: number): Reader {
    const part = new Reader(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return part;
  }

  name(): string {
    const length = this.u32();
    const text = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return text;
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }
}
