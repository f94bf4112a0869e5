import { Malformed, Reader, TooMany, Unsupported } from './reader.ts';

/** A function's type as letters: `iI:i` takes an i32 and an i64 and gives an i32 (f and F are the floats, v any other type). */
export type Signature = string;

export type Import = { readonly module: string; readonly name: string; readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag'; readonly signature: Signature };
export type Bounds = { readonly min: number; readonly max: number | undefined };

/** What the gate needs to know of a module, read without compiling it. */
export type Shape = {
  readonly imports: readonly Import[];
  readonly memories: readonly Bounds[];
  readonly tables: readonly (Bounds & { readonly element: number })[];
  readonly exports: ReadonlyMap<string, { readonly kind: number; readonly index: number }>;
  /** Of the module's functions, imported ones first. */
  readonly signatureOf: (functionIndex: number) => Signature | undefined;
};

export const bounds = {
  types: 20_000,
  imports: 1_000,
  functions: 100_000,
  tables: 8,
  tableEntries: 100_000,
  memories: 1,
  globals: 20_000,
  exports: 20_000,
  segments: 50_000,
  bodyBytes: 2 << 20,
  locals: 10_000,
} as const;

const letters: Readonly<Record<number, string>> = { 0x7f: 'i', 0x7e: 'I', 0x7d: 'f', 0x7c: 'F' };
const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const;
const section = { type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, element: 9, code: 10, data: 11 } as const;

export const sectionOf = section;

/** The sections of a module with their places: `at` is where the id stands. Throws `Malformed`. */
export function* sectionsOf(bytes: Uint8Array): Generator<{ readonly id: number; readonly at: number; readonly body: Reader }> {
  const reader = new Reader(bytes, 8);
  while (!reader.done) {
    const at = reader.at;
    const id = reader.byte();
    yield { id, at, body: reader.part(reader.u32()) };
  }
}

/** Reads the shape of a core module. Throws `Malformed`, `TooMany` and `Unsupported`. */
export function shapeOf(bytes: Uint8Array): Shape {
  let types: Signature[] = [];
  let imports: Import[] = [];
  let functions: number[] = [];
  let memories: Bounds[] = [];
  let tables: (Bounds & { element: number })[] = [];
  const exports = new Map<string, { kind: number; index: number }>();
  const read: Readonly<Record<number, (body: Reader) => void>> = {
    [section.type]: (body) => void (types = body.vector(() => functionType(body), bounds.types, 'types')),
    [section.import]: (body) => void (imports = body.vector(() => importEntry(body, types), bounds.imports, 'imports')),
    [section.function]: (body) => void (functions = body.vector(() => body.u32(), bounds.functions, 'functions')),
    [section.table]: (body) => void (tables = body.vector(() => table(body), bounds.tables, 'tables')),
    [section.memory]: (body) => void (memories = body.vector(() => limits(body, 'memory'), bounds.memories, 'memories')),
    [section.global]: (body) => counted(body, bounds.globals, 'globals'),
    [section.export]: (body) => void body.vector(() => exports.set(body.name(), { kind: body.byte(), index: body.u32() }), bounds.exports, 'exports'),
    [section.element]: (body) => counted(body, bounds.segments, 'element segments'),
    [section.code]: (body) => void body.vector((index) => functionBody(body, index), bounds.functions, 'function bodies'),
    [section.data]: (body) => counted(body, bounds.segments, 'data segments'),
  };
  for (const { id, body } of sectionsOf(bytes)) read[id]?.(body);
  const imported = imports.filter(({ kind }) => kind === 'function');
  const signatureOf = (index: number): Signature | undefined => imported[index]?.signature ?? types[functions[index - imported.length] ?? -1];
  return { imports, memories, tables, exports, signatureOf };
}

function counted(body: Reader, max: number, what: string): void {
  const count = body.u32();
  if (count > max) throw new TooMany(what, max, count);
}

function functionType(body: Reader): Signature {
  const form = body.byte();
  if (form !== 0x60) throw new Unsupported(`it defines a type of form 0x${form.toString(16)} (garbage-collected types); only function types are supported`);
  const list = (): string => body.vector(() => valueType(body), 1_000, 'parameters in one type').join('');
  return `${list()}:${list()}`;
}

function valueType(body: Reader): string {
  const type = body.byte();
  // A reference with an explicit heap type has that type behind it.
  if (type === 0x63 || type === 0x64) body.u32();
  return letters[type] ?? 'v';
}

function importEntry(body: Reader, types: readonly Signature[]): Import {
  const module = body.name();
  const name = body.name();
  const kind = kinds[body.byte()];
  if (kind === undefined) throw new Malformed(`the import "${module}.${name}" has an unknown kind`);
  if (kind === 'function') return { module, name, kind, signature: types[body.u32()] ?? '?' };
  if (kind === 'table') table(body);
  if (kind === 'memory') limits(body, 'memory');
  if (kind === 'global') skipGlobal(body);
  if (kind === 'tag') skipTag(body);
  return { module, name, kind, signature: '' };
}

function skipGlobal(body: Reader): void {
  valueType(body);
  body.byte();
}

function skipTag(body: Reader): void {
  body.byte();
  body.u32();
}

export function table(body: Reader): Bounds & { element: number } {
  const element = body.byte();
  if (element !== 0x70 && element !== 0x6f) throw new Unsupported(`it has a table of element type 0x${element.toString(16)}; function and extern references are supported`);
  return { element, ...limits(body, 'table') };
}

export function limits(body: Reader, what: string): Bounds {
  const flags = body.byte();
  if (flags > 1) throw new Unsupported(`it has a ${what} that is shared, 64-bit or of another page size (flags 0x${flags.toString(16)}); plain 32-bit ones are supported`);
  return { min: body.u32(), max: flags === 1 ? body.u32() : undefined };
}

function functionBody(body: Reader, index: number): void {
  const size = body.u32();
  if (size > bounds.bodyBytes) throw new TooMany(`bytes in the body of function ${index}`, bounds.bodyBytes, size);
  const code = body.part(size);
  let locals = 0;
  for (let groups = code.u32(); groups > 0; groups -= 1) {
    locals += code.u32();
    if (locals > bounds.locals) throw new TooMany(`locals in function ${index}`, bounds.locals, locals);
    valueType(code);
  }
}
