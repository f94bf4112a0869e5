import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Package } from './package.ts';

const maintainer = 'The Pier maintainers <maintainers@pier.invalid>';

/** Puts a package's files and its control files into `tree`, with rights and times that owe nothing to whoever builds; gives the bytes it will take. */
export function layOut(one: Package, { tree, mtimeS }: { readonly tree: string; readonly mtimeS: number }): number {
  const sums: string[] = [];
  let bytes = 0;
  for (const [path, { from }] of [...one.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const to = join(tree, path);
    mkdirSync(dirname(to), { recursive: true });
    if (typeof from === 'string') copyFileSync(from, to);
    else writeFileSync(to, from);
    bytes += statSync(to).size;
    sums.push(`${createHash('md5').update(readFileSync(to)).digest('hex')}  ${path}\n`);
  }
  const control = join(tree, 'DEBIAN');
  mkdirSync(control, { recursive: true });
  writeFileSync(join(control, 'control'), controlOf(one, bytes));
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  if (one.triggers) writeFileSync(join(control, 'triggers'), one.triggers);
  for (const [name, text] of one.scripts) writeFileSync(join(control, name), text);
  settle(tree, { mtimeS, isScript: (path) => one.scripts.has(path.slice(control.length + 1)), isProgram: (path) => one.files.get(path.slice(tree.length + 1))?.mode === 0o755 });
  return bytes;
}

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html; sizes are in KiB, of the files alone. */
function controlOf({ name, version, arch, depends, description }: Package, bytes: number): string {
  const fields = { Package: name, Version: version, Architecture: arch, Maintainer: maintainer, 'Installed-Size': Math.ceil(bytes / 1_024), Depends: depends, Section: 'admin', Priority: 'optional', Description: description };
  return `${Object.entries(fields).map(([key, value]) => `${key}: ${value}`).join('\n')}\n`;
}

function settle(dir: string, on: { readonly mtimeS: number; isScript(path: string): boolean; isProgram(path: string): boolean }): void {
  for (const entry of readdirSync(dir)) {
    const path = join(dir, entry);
    if (lstatSync(path).isDirectory()) settle(path, on);
    else {
      chmodSync(path, on.isScript(path) || on.isProgram(path) ? 0o755 : 0o644);
      utimesSync(path, on.mtimeS, on.mtimeS);
    }
  }
  chmodSync(dir, 0o755);
  utimesSync(dir, on.mtimeS, on.mtimeS);
}
