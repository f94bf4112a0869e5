/** What a demo leaves for the next one in the same folder: the fleet lies in the manager's and the agents' own folders. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManagerReady } from '../support/stage.ts';

export type Kept = Pick<ManagerReady, 'registryCredentials' | 'admin'>;

const fileOf = (dir: string): string => join(dir, 'demo.json');

/** Credentials are printed once, at the manager's first start; without them a second demo could show nothing. */
export function keep(dir: string, { registryCredentials, admin }: Kept): void {
  writeFileSync(fileOf(dir), JSON.stringify({ registryCredentials, admin }), { mode: 0o600 });
}

export function keptIn(dir: string): Kept | undefined {
  return existsSync(fileOf(dir)) ? (JSON.parse(readFileSync(fileOf(dir), 'utf8')) as Kept) : undefined;
}
