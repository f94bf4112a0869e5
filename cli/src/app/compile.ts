import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';

const sdk = fileURLToPath(new URL('../../../sdk/assembly', import.meta.url));
const pagesPerMb = 16;

/**
 * Compiles AssemblyScript to a WASI command: exports `memory` and `_start`, imports from WASI and Pier alone, collects its
 * garbage by itself, and grows to `memoryMb` at most. `import … from "pier"` is the SDK. The same source gives the same bytes.
 * Faults: `input-invalid` with the compiler's own text.
 */
export async function compileApp({ dir, entry, memoryMb }: { readonly dir: string; readonly entry: string; readonly memoryMb: number }): Promise<Uint8Array> {
  // Loaded here, since the compiler takes longer to load than most commands take to run.
  const { main } = await import('assemblyscript/asc');
  const told: string[] = [];
  const built: { wasm?: Uint8Array } = {};
  const { error } = await main(
    [
      entry, '--baseDir', resolve(dir), '--outFile', 'app.wasm', '--exportStart', '_start', '--runtime', 'incremental', '-O2', '--shrinkLevel', '1', '--noColors',
      '--maximumMemory', String(memoryMb * pagesPerMb), '--lib', join(sdk, 'runtime'), '--use', 'abort=~lib/pier_runtime/pierAbort',
    ],
    {
      stdout: { write: (text: string | Uint8Array) => told.push(String(text)) },
      stderr: { write: (text: string | Uint8Array) => told.push(String(text)) },
      readFile: (name, baseDir) => readOrNull(sdkFile(name) ?? resolve(baseDir, name)),
      listFiles: (folder, baseDir) => readdirSync(resolve(baseDir, folder)).filter((name) => name.endsWith('.ts')).toSorted(),
      writeFile: (name, contents) => {
        if (name === 'app.wasm' && typeof contents !== 'string') built.wasm = contents;
      },
    },
  );
  if (error || !built.wasm) throw new Fault('input-invalid', `${entry} does not compile:\n${told.join('').trim() || String(error)}`);
  return built.wasm;
}

/** The compiler looks for the package "pier" in each node_modules on its way up; wherever it looks, it finds the SDK. */
function sdkFile(name: string): string | undefined {
  const inside = /(?:^|\/)node_modules\/pier\/(.+)$/.exec(name)?.[1];
  return inside === undefined ? undefined : join(sdk, inside);
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The compiler tries several places for each import, and says itself what it found nowhere.
    return null;
  }
}
