/**
 * The part of the WebAssembly JavaScript Interface (W3C) that Pier uses. TypeScript ships it only with the whole of the DOM,
 * which would let browser globals pass unnoticed in server code.
 */
declare namespace WebAssembly {
  type Bytes = ArrayBuffer | NodeJS.ArrayBufferView;
  type ExternKind = 'function' | 'global' | 'memory' | 'table' | 'tag';
  type ExportValue = Function | Global | Memory | Table;
  type ImportValue = ExportValue | number | bigint;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  type Exports = Record<string, ExportValue>;

  class Module {
    constructor(bytes: Bytes);
    private readonly module: never;
    static imports(module: Module): { module: string; name: string; kind: ExternKind }[];
    static exports(module: Module): { name: string; kind: ExternKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Table {
    private readonly table: never;
    readonly length: number;
  }
  class Global {
    private readonly global: never;
    value: unknown;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  function validate(bytes: Bytes): boolean;
  function compile(bytes: Bytes): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
