import { type Metafile, build } from 'esbuild';
import { expect, test } from 'vitest';
import { checkImports } from './stand-ins.ts';

/** What is known of a bundle of one module, which takes from a package that stays outside. */
async function bundled(contents: string): Promise<Metafile> {
  const stdin = { contents, loader: 'ts', sourcefile: 'one.ts', resolveDir: import.meta.dirname } as const;
  const { metafile } = await build({ stdin, bundle: true, write: false, outdir: 'out', format: 'esm', platform: 'node', external: ['elsewhere'], metafile: true, tsconfigRaw: {}, logLevel: 'silent' });
  return metafile;
}

test.for([
  "import { type Shape } from 'elsewhere'; export const one: Shape = 1;",
  "import type { Shape } from 'elsewhere'; export const one: Shape = 1;",
  "import { readFileSync } from 'node:fs'; import { sep } from 'path'; export const one = [readFileSync, sep];",
])('types of another package, and modules of Node, are nothing that the bundle lacks: %s', async (contents) => {
  const metafile = await bundled(contents);
  expect(() => checkImports(metafile)).not.toThrow();
});

test.for([
  "import { type Shape, shape } from 'elsewhere'; export const one: Shape = shape;",
  "export const one = () => import('elsewhere');",
  "export const one = () => require('elsewhere');",
  "import 'elsewhere';",
])('code of another package that is not in the bundle is: %s', async (contents) => {
  const metafile = await bundled(contents);
  expect(() => checkImports(metafile)).toThrow('one.ts imports elsewhere, which is not in the bundle');
});
