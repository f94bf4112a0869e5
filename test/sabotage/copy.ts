import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedFault } from './named-fault.ts';

const tops = ['shared', 'agent', 'manager', 'web', 'firmware-sim', 'cli', 'sdk', 'examples', 'test', 'docs', 'pier', 'package.json', 'package-lock.json', 'vitest.config.ts', 'tsconfig.json'];

const prefix = 'sabotage-';

/** A copy of the tree, in which at most one fault is at a time. Disposing removes it. */
export type Copy = Disposable & { readonly folder: string; during<T>(fault: NamedFault, act: () => Promise<T>): Promise<T> };

/** The tree without what is built or fetched; packages of ours are linked to the copy, all others to the original. */
export function copyTree(root: string): Copy {
  mkdirSync(join(root, '.pier'), { recursive: true });
  removeLeft(join(root, '.pier'));
  const folder = mkdtempSync(join(root, '.pier', `${prefix}${process.pid}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // Also where a second signal ends the process at once.
  process.once('exit', remove);
  for (const top of tops) if (existsSync(join(root, top))) cpSync(join(root, top), join(folder, top), { recursive: true, filter: (from) => from.endsWith('/web/dist') || !/\/(?:node_modules|dist)$/.test(from) });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@pier'), { recursive: true });
  // Caches of tools are the copy's own: they know files by their place.
  for (const name of readdirSync(join(root, 'node_modules'))) if (name !== '@pier' && !name.startsWith('.vite')) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const name of readdirSync(join(root, 'node_modules', '@pier'))) symlinkSync(join(folder, name), join(modules, '@pier', name));
  return {
    folder,
    during: async (fault, act) => {
      const file = join(folder, fault.file);
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace(fault.from, () => fault.to));
      try {
        return await act();
      } finally {
        writeFileSync(file, text);
      }
    },
    [Symbol.dispose]: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

/** Copies whose maker was killed. */
function removeLeft(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** What is wrong with a fault itself; undefined when it changes one line that stands exactly once, and its tests exist. */
export function unsound(root: string, { file, from, to, tests }: NamedFault): string | undefined {
  if (from === to || `${from}${to}`.includes('\n')) return 'it does not change exactly one line';
  const seen = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8').split(from).length - 1 : 0;
  if (seen !== 1) return `"${from}" stands ${seen} times in ${file}, expected exactly once`;
  const missing = tests.filter((test) => !existsSync(join(root, test)));
  return tests.length === 0 || missing.length > 0 ? `it has no tests, or not these: ${missing.join(', ')}` : undefined;
}
