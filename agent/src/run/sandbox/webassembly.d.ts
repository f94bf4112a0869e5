/** The part of the WebAssembly JavaScript API that the sandbox uses; TypeScript has it only in its library for browsers. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module;
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    constructor(limits: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  function instantiate(bytes: Uint8Array<ArrayBuffer>, imports?: Record<string, Record<string, unknown>>): Promise<{ readonly instance: Instance; readonly module: Module }>;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
