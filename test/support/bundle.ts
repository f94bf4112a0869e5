/** How big the built pages are, read from the files themselves: what the first page needs, and what each other one adds. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../../web/dist', import.meta.url));

export type Piece = { readonly file: string; readonly gzippedBytes: number };
/** `initial` are the scripts of index.html with all that they import statically; `later` come with a page, when it is opened. */
export type Bundle = { readonly initial: readonly Piece[]; readonly later: readonly Piece[]; readonly styles: readonly Piece[]; readonly fonts: readonly Piece[] };

export function readBundle(): Bundle {
  const files = readdirSync(join(dist, 'assets'));
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const initial = new Set([...page.matchAll(/(?:src|href)="\/assets\/([^"]+\.js)"/g)].map(([, file = '']) => file));
  for (const file of initial) for (const other of importedBy(file)) initial.add(other);
  const pieces = (wanted: (file: string) => boolean): Piece[] => files.filter(wanted).map(pieceOf);
  return {
    initial: pieces((file) => initial.has(file)),
    later: pieces((file) => file.endsWith('.js') && !initial.has(file)),
    styles: pieces((file) => file.endsWith('.css')),
    // Fonts are compressed by themselves.
    fonts: files.filter((file) => file.endsWith('.woff2')).map((file) => ({ file, gzippedBytes: readFileSync(join(dist, 'assets', file)).byteLength })),
  };
}

export const totalBytes = (pieces: readonly Piece[]): number => pieces.reduce((sum, { gzippedBytes }) => sum + gzippedBytes, 0);

function importedBy(file: string): string[] {
  const source = readFileSync(join(dist, 'assets', file), 'utf8');
  return [...source.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)].map(([, other = '']) => other);
}

function pieceOf(file: string): Piece {
  return { file, gzippedBytes: gzipSync(readFileSync(join(dist, 'assets', file))).byteLength };
}
