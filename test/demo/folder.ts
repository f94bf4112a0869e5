import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@pier/shared/core';
import { type Kept, keptIn } from './kept.ts';

const marker = 'pier-demo.pid';

/** A folder of the demo's own, held by this process; emptied unless a whole demo is in it that goes on. A folder with anything else in it is never touched. */
export function holdFolder(dir: string, { anew }: { anew: boolean }): Disposable & { readonly kept: Kept | undefined } {
  const file = join(dir, marker);
  if (existsSync(dir) && !existsSync(file) && readdirSync(dir).length > 0) throw new Fault('conflict', `${dir} holds something that is not a demo's; name an empty folder with --data`);
  const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (holder > 0 && holder !== process.pid && alive(holder)) throw new Fault('conflict', `a demo (process ${holder}) already runs in ${dir}; stop it or name another folder with --data`);
  const kept = anew ? undefined : keptIn(dir);
  if (!kept) rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(file, String(process.pid));
  // The mark stays when the demo ends, so that the next one knows the folder for its own.
  return { kept, [Symbol.dispose]: () => writeFileSync(file, '0') };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process: its folder is free.
    return false;
  }
}
