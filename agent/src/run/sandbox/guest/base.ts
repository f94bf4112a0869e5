/**
 * The import object of @wasmer/wasi, for guests that work with files. What is Pier's own is laid over it by name: of its file functions
 * none keeps the contract (its memory file system inserts where it should overwrite, cannot rename, makes folders that were not asked for,
 * shows a root of its own), nor do its clocks, streams, poll and exit. What stays: arguments and environment.
 */
import type { WASI } from '@wasmer/wasi';
import type { ImportModule } from './imports.ts';

export type Base = { readonly imports: ImportModule; run(instance: WebAssembly.Instance): void; free(): void };

/** Names that stay with the base. */
export const baseNames = ['args_get', 'args_sizes_get', 'environ_get', 'environ_sizes_get'] as const;

export async function loadBase(module: WebAssembly.Module, program: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }, wasiModule: string): Promise<Base> {
  const library = await import('@wasmer/wasi');
  await library.init();
  const wasi: WASI = new library.WASI({ args: [...program.args], env: { ...program.env }, preopens: {} });
  const all = wasi.getImports(module) as Record<string, ImportModule | undefined>;
  const imports: ImportModule = Object.assign(Object.create(null), all[wasiModule]);
  return {
    imports,
    run: (instance) => void wasi.start(instance),
    // Its memory is not collected without this (its bindings have no finalizers).
    free: () => wasi.free(),
  };
}
