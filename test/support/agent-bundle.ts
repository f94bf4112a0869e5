import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundle } from '../../deploy/src/bundle/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The device bundle of this checkout, made below `dir`; `launcher` is the program that an installed device starts. */
export async function agentBundle(dir: string): Promise<{ readonly dir: string; readonly launcher: string; readonly sizeBytes: number }> {
  const { dir: made, sizeBytes } = await buildBundle({ root, out: (name) => join(dir, name), mtimeS: 0, installTools: true, say: () => {} }, AbortSignal.timeout(600_000));
  return { dir: made, launcher: join(made, 'pier-agent'), sizeBytes };
}
