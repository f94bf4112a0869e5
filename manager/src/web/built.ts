/** The UI as it was built: read once, kept whole, so that no path from outside ever becomes the name of a file. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Fault } from '@pier/shared/core';

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
};
const packs = /^(?:css|js|svg)$/;
const pack = promisify(gzip);

export type BuiltFile = { readonly path: string; readonly type: string; readonly bytes: Buffer; /** Smaller, where the kind of file packs well. */ readonly gzipped: Buffer | undefined; /** Its name changes with what is in it. */ readonly hashed: boolean };
export type Built = { readonly page: string; readonly files: readonly BuiltFile[] };

/** Faults: `not-found` where nothing was built. */
export async function readBuilt(dir: string): Promise<Built> {
  const page = await readFile(join(dir, 'index.html'), 'utf8').catch((cause: unknown) => {
    throw new Fault('not-found', `the pages of the UI are not built in ${dir}: run "npm run build:web"`, {}, cause);
  });
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(dir.length).replace(/^\/*/, '/'));
  const files = await Promise.all(names.filter((name) => name !== '/index.html').map((name) => readOne(dir, name)));
  return { page, files: files.flatMap((file) => file ?? []) };
}

async function readOne(dir: string, path: string): Promise<BuiltFile | undefined> {
  const ending = /\.(\w+)$/.exec(path)?.[1] ?? '';
  const type = types[ending];
  if (type === undefined) return undefined;
  const bytes = await readFile(join(dir, path));
  return { path, type, bytes, gzipped: packs.test(ending) ? await pack(bytes) : undefined, hashed: path.startsWith('/assets/') };
}
