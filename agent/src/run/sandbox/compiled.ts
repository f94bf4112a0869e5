import type { Digest } from '@pier/shared/core';
import { capModule } from './gate/index.ts';

const keptMax = 8;

/**
 * Modules compiled once in the agent's thread and handed to each start: a worker gets one in about two milliseconds, whatever its size.
 * Named by the artifact's digest and the memory limit that was written into it. Faults: `guest-limit`.
 */
export class CompiledModules {
  readonly #kept = new Map<string, Promise<WebAssembly.Module>>();

  get(digest: Digest, wasm: Uint8Array, memoryMb: number): Promise<WebAssembly.Module> {
    const key = `${digest} ${memoryMb}`;
    const kept = this.#kept.get(key) ?? WebAssembly.compile(capModule(wasm, memoryMb));
    // Put back at the end: the one that goes first is the one not used for the longest time.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    kept.catch(() => this.#kept.delete(key));
    for (const oldest of this.#kept.keys()) if (this.#kept.size > keptMax) this.#kept.delete(oldest);
    return kept;
  }
}
